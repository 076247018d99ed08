import type { AlertNotification } from '@streamflow/contracts';

/** One way in which people are told: a message that is gone when this resolves. */
export interface Notifier<C> {
  /**
   * Rejects with a `DeliveryError`. The receiver may have the message all the same when no answer came; it has the same
   * id when it comes again. `traceparent` is the W3C trace context of the try, for receivers that take it.
   */
  send(config: C, message: AlertNotification, signal: AbortSignal, traceparent?: string): Promise<void>;
}

/** Why a message was not taken. */
export class DeliveryError extends Error {
  /** Whether trying again is of no use. */
  readonly permanent: boolean;
  /** How long the receiver asks to be left alone. */
  readonly retryAfterMs: number;

  constructor(
    message: string,
    options: { readonly permanent?: boolean; readonly retryAfterMs?: number; readonly cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'DeliveryError';
    this.permanent = options.permanent ?? false;
    this.retryAfterMs = options.retryAfterMs ?? 0;
  }
}
