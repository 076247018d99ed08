import type { StreamFlowError } from '../../../../domain/errors.ts';

/** A message that waits for its confirm. */
export interface Unconfirmed {
  readonly id: string;
  readonly bytes: number;
  /** On the monotonic clock, milliseconds. */
  readonly deadline: number;
  /** Called once: without an error when the message is durable. */
  settle: ((error?: StreamFlowError) => void) | undefined;
}

/** Messages by delivery tag, which counts from 1: a queue whose front moves as confirms come, mostly in order. */
export class UnconfirmedMessages {
  private entries: (Unconfirmed | undefined)[] = [];
  private head = 0;
  private firstTag = 1;
  /** Bytes of bodies that the broker has not answered, those that were given up included. */
  bytes = 0;

  add(message: Unconfirmed): void {
    this.entries.push(message);
    this.bytes += message.bytes;
  }

  /** Takes out the message of the tag, or all up to it. */
  take(tag: number, multiple: boolean, each: (message: Unconfirmed) => void): void {
    const position = this.head + tag - this.firstTag;
    if (multiple) for (let at = this.head; at < position; at++) this.takeAt(at, each);
    this.takeAt(position, each);
    this.moveFront();
  }

  /** The oldest that was not settled yet. */
  get oldest(): Unconfirmed | undefined {
    for (let at = this.head; at < this.entries.length; at++) {
      const entry = this.entries[at];
      if (entry?.settle !== undefined) return entry;
    }
    return undefined;
  }

  /** Settles what fits with an error, and goes on counting it until the broker answers. */
  giveUp(error: StreamFlowError, until = Number.POSITIVE_INFINITY): void {
    for (let at = this.head; at < this.entries.length; at++) {
      const entry = this.entries[at];
      if (entry === undefined) continue;
      if (entry.deadline > until) return;
      const { settle } = entry;
      entry.settle = undefined;
      settle?.(error);
    }
  }

  private takeAt(position: number, each: (message: Unconfirmed) => void): void {
    const entry = this.entries[position];
    if (entry === undefined || position < this.head) return;
    this.entries[position] = undefined;
    this.bytes -= entry.bytes;
    each(entry);
  }

  private moveFront(): void {
    while (this.head < this.entries.length && this.entries[this.head] === undefined) {
      this.head++;
      this.firstTag++;
    }
    if (this.head < 4096 && this.head < this.entries.length) return;
    this.entries = this.entries.slice(this.head);
    this.head = 0;
  }
}
