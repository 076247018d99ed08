import type { StreamFlowError } from '../../../domain/errors.ts';

/** A message that waits for its confirm. */
export interface Unconfirmed {
  readonly bytes: number;
  /** On the monotonic clock, milliseconds. */
  readonly deadline: number;
  /** Called once: without an error when the message is durable. */
  settle: ((error?: StreamFlowError) => void) | undefined;
}

/** Messages that the broker has not answered, oldest first. */
export class UnconfirmedMessages {
  private readonly messages = new Set<Unconfirmed>();
  /** Bytes of bodies that the broker has not answered, those that were given up included. */
  bytes = 0;

  add(message: Unconfirmed): void {
    this.messages.add(message);
    this.bytes += message.bytes;
  }

  /** The broker answered. */
  answered(message: Unconfirmed, error?: StreamFlowError): void {
    if (!this.messages.delete(message)) return;
    this.bytes -= message.bytes;
    message.settle?.(error);
    message.settle = undefined;
  }

  /** Whether any that was not given up was due before `now`. */
  isLate(now: number): boolean {
    for (const { settle, deadline } of this.messages) if (settle !== undefined) return deadline <= now;
    return false;
  }

  /** Settles what was due by then with an error, and goes on counting it until the broker answers. */
  giveUp(error: StreamFlowError, until = Number.POSITIVE_INFINITY): void {
    for (const message of this.messages) {
      if (message.deadline > until) return;
      message.settle?.(error);
      message.settle = undefined;
    }
  }
}
