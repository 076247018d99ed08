import type { QueueConsumer } from './queue-consumer.ts';
import type { StoredRecord } from './record-reader.ts';
import type { Mark } from './segment.ts';

/**
 * A batch that was read and is not answered:
 *
 *   out      a consumer has it
 *   waiting  it is to be delivered again
 *   dying    it is being written to the dead letters
 *   done     answered; kept until everything before it is, too
 */
export interface Unanswered {
  readonly offset: number;
  readonly end: number;
  readonly sequence: number;
  readonly bodyBytes: number;
  attempts: number;
  state: 'out' | 'waiting' | 'dying' | 'done';
  holder: QueueConsumer | undefined;
}

/** The batches between a queue's watermark and its cursor, in order. */
export class UnansweredBatches {
  private entries: Unanswered[] = [];
  private head = 0;
  /** To be delivered again, in order. */
  private readonly waiting: Unanswered[] = [];
  batches = 0;
  bytes = 0;

  take(record: StoredRecord): Unanswered {
    const entry: Unanswered = {
      offset: record.offset,
      end: record.end,
      sequence: record.sequence,
      bodyBytes: record.body.length,
      attempts: 0,
      state: 'waiting',
      holder: undefined,
    };
    this.entries.push(entry);
    this.batches++;
    this.bytes += entry.end - entry.offset;
    return entry;
  }

  get nextWaiting(): Unanswered | undefined {
    return this.waiting[0];
  }

  handOut(entry: Unanswered, consumer: QueueConsumer): void {
    if (this.waiting[0] === entry) this.waiting.shift();
    entry.state = 'out';
    entry.holder = consumer;
    consumer.took(entry.bodyBytes);
  }

  /** Puts a batch back to be delivered again, before everything that was published after it. */
  putBack(entry: Unanswered): void {
    entry.state = 'waiting';
    entry.holder = undefined;
    entry.attempts++;
    let at = this.waiting.length;
    while (at > 0 && (this.waiting[at - 1]?.offset ?? 0) > entry.offset) at--;
    this.waiting.splice(at, 0, entry);
  }

  heldBy(consumer: QueueConsumer): Unanswered[] {
    return this.entries
      .slice(this.head)
      .filter((entry) => entry.state === 'out' && entry.holder === consumer);
  }

  done(entry: Unanswered): void {
    if (entry.state === 'done') return;
    if (entry.state === 'waiting') {
      const at = this.waiting.indexOf(entry);
      if (at !== -1) this.waiting.splice(at, 1);
    }
    entry.state = 'done';
    entry.holder = undefined;
    this.batches--;
    this.bytes -= entry.end - entry.offset;
    while (this.entries[this.head]?.state === 'done') this.head++;
    if (this.head > 1024 && this.head * 2 > this.entries.length) {
      this.entries = this.entries.slice(this.head);
      this.head = 0;
    }
  }

  /** Everything before it is answered; `cursor` when everything that was read is. */
  watermark(cursor: Mark): Mark {
    const oldest = this.entries[this.head];
    return oldest === undefined ? cursor : { offset: oldest.offset, sequence: oldest.sequence };
  }

  /** Gives up what is to be delivered again and is no longer kept; how many they were. */
  dropBefore(offset: number): number {
    const gone = this.waiting.filter((entry) => entry.offset < offset);
    for (const entry of gone) this.done(entry);
    return gone.length;
  }
}
