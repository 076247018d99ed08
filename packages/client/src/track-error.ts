import type { EventInput } from '@streamflow/contracts';
import type { StreamFlowApiError } from './api-error.ts';
import type { Environment } from './environment.ts';

/** What became of the events that a {@link TrackError} names, or of sending as a whole. */
export type TrackErrorKind =
  /** The event is not one (no type, not JSON); it was not queued. */
  | 'invalid'
  /** The queue was full; the event was not queued. */
  | 'queue-full'
  /** The client was closed; the event was not queued. */
  | 'closed'
  /** StreamFlow refused the events for what they are; they were dropped. */
  | 'refused'
  /** `close` could not send the events in time; they were dropped, and may or may not have arrived. */
  | 'unsent'
  /** No event is lost yet: the credential or the address is refused, and sending goes on slowly. Told once. */
  | 'held-up';

export class TrackError extends Error {
  readonly kind: TrackErrorKind;
  /** The events that are lost; empty for `held-up`. */
  readonly events: readonly Partial<EventInput>[];

  constructor(
    kind: TrackErrorKind,
    message: string,
    events: readonly Partial<EventInput>[],
    cause?: unknown,
  ) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'TrackError';
    this.kind = kind;
    this.events = events;
  }
}

export type ErrorHook = (error: TrackError | StreamFlowApiError) => void;

const silenceMs = 10_000;

/** The hook of those who give none: the console, at most once in ten seconds. */
export function createConsoleHook(environment: Environment): ErrorHook {
  let quietUntil = Number.NEGATIVE_INFINITY;
  return (error) => {
    if (environment.now() < quietUntil) return;
    quietUntil = environment.now() + silenceMs;
    // biome-ignore lint/suspicious/noConsole: without a hook there is no other place where losing events can be said
    console.warn(`StreamFlow: ${error.message}`);
  };
}
