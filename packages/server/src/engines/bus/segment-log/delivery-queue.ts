import type { Clock } from '../../../domain/clock.ts';
import type { Log } from '../../../domain/log.ts';
import type { ConsumeOptions, Consumption, Delivery, EventQueue, QueueDepth } from '../port.ts';
import { decodeBatchMeta } from './batch-meta.ts';
import type { Burial } from './dead-letter-record.ts';
import type { QueuePosition } from './offset-file.ts';
import { QueueConsumer } from './queue-consumer.ts';
import { RecordReader, type StoredRecord } from './record-reader.ts';
import type { Mark } from './segment.ts';
import type { SegmentLog } from './segment-log.ts';
import { type Unanswered, UnansweredBatches } from './unanswered.ts';

/** Deliveries in one turn of the event loop, so that consumers that answer at once leave room for others. */
const deliveriesPerTurn = 512;
/** Milliseconds until a read that failed, or a batch that found no room among the dead letters, is tried again. */
const retryDelayMs = 1000;

export interface DeliveryQueueOptions {
  readonly name: EventQueue;
  readonly source: SegmentLog;
  readonly position: QueuePosition;
  readonly clock: Clock;
  readonly log: Log;
  addDeadLetter(letter: Burial): Promise<void>;
  /** The watermark or the cursor moved, or a consumer came, went or paused. */
  onProgress(): void;
}

/** One queue's view of the log: a cursor, what is unanswered behind it, and the consumers that compete for the rest. */
export class DeliveryQueue {
  private readonly options: DeliveryQueueOptions;
  private readonly source: SegmentLog;
  private readonly batches = new UnansweredBatches();
  private readonly ahead: RecordReader;
  private readonly again: RecordReader;
  private readonly consumers: QueueConsumer[] = [];
  private readonly timers = new Set<NodeJS.Timeout>();
  private cursor: Mark;
  /** Batches that begin before it may have been handed out by an earlier process. */
  private readonly suspectBefore: number;
  private untoldGap = 0;
  private pumping = false;
  private loading = false;
  private closed = false;

  constructor(options: DeliveryQueueOptions) {
    this.options = options;
    this.source = options.source;
    this.ahead = new RecordReader(options.source);
    this.again = new RecordReader(options.source);
    const { watermark, delivered, clean } = options.position;
    this.cursor = watermark;
    this.suspectBefore = clean ? delivered : options.source.end.offset;
  }

  get watermark(): Mark {
    return this.batches.watermark(this.cursor);
  }

  /** Where the next new batch is read; undefined while nobody consumes. */
  get readingAt(): number | undefined {
    return this.consumers.length === 0 ? undefined : this.cursor.offset;
  }

  /** Whether anybody takes deliveries at the moment. */
  get isConsumed(): boolean {
    return this.consumers.some((consumer) => !consumer.paused);
  }

  position(clean: boolean): QueuePosition {
    return {
      watermark: this.watermark,
      delivered: Math.max(this.cursor.offset, this.suspectBefore),
      clean,
    };
  }

  depth(): QueueDepth {
    const { end } = this.source;
    return {
      batches: this.batches.batches + end.sequence - this.cursor.sequence,
      bytes: this.batches.bytes + end.offset - this.cursor.offset,
    };
  }

  consume(options: ConsumeOptions): Consumption {
    const consumer = new QueueConsumer(options);
    this.consumers.push(consumer);
    // Not within the call, so that the caller has its consumption before its first delivery.
    setImmediate(() => {
      this.tellGap();
      this.pump();
    });
    return {
      pause: () => {
        consumer.paused = true;
        this.options.onProgress();
      },
      resume: () => {
        consumer.paused = false;
        this.pump();
      },
      close: async () => this.detach(consumer),
    };
  }

  /** Ends all consumption; what is unanswered stays so. */
  close(): void {
    this.closed = true;
    for (const consumer of [...this.consumers]) this.detach(consumer);
    for (const timer of this.timers) clearTimeout(timer);
    this.ahead.release();
    this.again.release();
  }

  /** Skips what the log no longer keeps, and tells a consumer. */
  noticeGap(): void {
    const { start } = this.source;
    if (start.offset <= this.cursor.offset && start.offset <= this.watermark.offset) return;
    let dropped = this.batches.dropBefore(start.offset);
    if (start.offset > this.cursor.offset) {
      dropped += start.sequence - this.cursor.sequence;
      this.cursor = start;
    }
    this.untoldGap += dropped;
    this.tellGap();
  }

  /** Hands out as much as the consumers take. */
  pump(): void {
    if (this.pumping || this.closed) return;
    this.pumping = true;
    let left = deliveriesPerTurn;
    while (this.consumers.some((consumer) => consumer.ready)) {
      const waiting = this.batches.nextWaiting;
      const offset = waiting?.offset ?? this.cursor.offset;
      if (waiting === undefined && offset >= this.source.end.offset) break;
      const record = (waiting === undefined ? this.ahead : this.again).peek(offset);
      if (record === undefined) {
        if (!this.loading) void this.load(waiting);
        break;
      }
      const consumer = this.consumerFor(record.body.length);
      if (consumer === undefined) break;
      if (left-- === 0) {
        setImmediate(() => this.pump());
        break;
      }
      if (!this.deliver(consumer, record, waiting)) break;
    }
    this.pumping = false;
    this.options.onProgress();
  }

  /** The consumer that waits longest for a batch, if it fits any. */
  private consumerFor(bodyBytes: number): QueueConsumer | undefined {
    const at = this.consumers.findIndex((candidate) => candidate.fits(bodyBytes));
    const consumer = this.consumers[at];
    if (consumer === undefined) return undefined;
    this.consumers.splice(at, 1);
    this.consumers.push(consumer);
    return consumer;
  }

  private deliver(consumer: QueueConsumer, record: StoredRecord, again: Unanswered | undefined): boolean {
    const meta = decodeBatchMeta(record.meta);
    if (meta === undefined) {
      // Skipping it would lose events; the queue stands until a version that knows the form runs.
      this.options.log.critical('A batch of an unknown form holds up its queue', {
        headers: record.meta,
        queue: this.options.name,
        offset: record.offset,
      });
      this.later(() => this.pump());
      return false;
    }
    const { headers, onlyQueue } = meta;
    const entry = again ?? this.batches.take(record);
    if (again === undefined) this.cursor = { offset: record.end, sequence: record.sequence + 1 };
    if (onlyQueue !== undefined && onlyQueue !== this.options.name) {
      this.batches.done(entry);
      return true;
    }
    this.batches.handOut(entry, consumer);
    const { attempts } = entry;
    const batch = { headers, body: record.body };
    // An answer counts once, and only while the consumer still has this very delivery.
    const answer = (act: () => void): void => {
      if (entry.state !== 'out' || entry.holder !== consumer || entry.attempts !== attempts) return;
      act();
      this.pump();
    };
    const delivery: Delivery = {
      batch,
      id: String(entry.offset),
      attempts,
      redelivered: attempts > 0 || entry.offset < this.suspectBefore,
      ack: () => answer(() => this.finish(entry)),
      retry: () => answer(() => this.putBack(entry)),
      dead: (reason) => answer(() => this.bury(entry, record, reason)),
    };
    try {
      consumer.options.onDelivery(delivery);
    } catch (error) {
      this.options.log.critical('A consumer threw; its batch stays unanswered', {
        error,
        queue: this.options.name,
      });
    }
    return true;
  }

  private finish(entry: Unanswered): void {
    entry.holder?.answered(entry.bodyBytes);
    this.batches.done(entry);
  }

  private putBack(entry: Unanswered): void {
    entry.holder?.answered(entry.bodyBytes);
    this.batches.putBack(entry);
  }

  private bury(entry: Unanswered, { meta, body }: StoredRecord, reason: string): void {
    entry.state = 'dying';
    const letter = { batch: { meta, body }, reason, queue: this.options.name, at: this.options.clock.now() };
    this.options.addDeadLetter(letter).then(
      () => {
        this.finish(entry);
        this.pump();
      },
      (error: unknown) => {
        this.options.log.error('A dead letter could not be written; its batch is delivered again', { error });
        this.later(() => {
          this.putBack(entry);
          this.pump();
        });
      },
    );
  }

  private async load(waiting: Unanswered | undefined): Promise<void> {
    this.loading = true;
    try {
      const from = waiting ?? this.cursor;
      const skippedTo = await (waiting === undefined ? this.ahead : this.again).load(from.offset);
      if (skippedTo !== undefined) this.skip(from, waiting, skippedTo);
      this.loading = false;
      this.pump();
    } catch (error) {
      this.options.log.error('The log could not be read', { error, queue: this.options.name });
      this.later(() => {
        this.loading = false;
        this.pump();
      });
    }
  }

  private skip(from: Mark, waiting: Unanswered | undefined, to: Mark): void {
    this.noticeGap();
    const stale = waiting === undefined ? this.cursor.offset !== from.offset : waiting.state !== 'waiting';
    if (stale) return;
    this.options.log.critical('Batches were lost to damage of the log', {
      queue: this.options.name,
      batches: waiting === undefined ? to.sequence - from.sequence : 1,
      offset: from.offset,
    });
    if (waiting === undefined) this.cursor = to;
    else this.batches.done(waiting);
  }

  private detach(consumer: QueueConsumer): void {
    if (consumer.closed) return;
    consumer.closed = true;
    this.consumers.splice(this.consumers.indexOf(consumer), 1);
    for (const entry of this.batches.heldBy(consumer)) this.putBack(entry);
    this.pump();
  }

  private tellGap(): void {
    if (this.untoldGap === 0) return;
    const listener = this.consumers.find((consumer) => consumer.options.onGap !== undefined);
    if (listener === undefined) return;
    const batches = this.untoldGap;
    this.untoldGap = 0;
    this.options.log.warning('A queue fell behind and its oldest batches were dropped', {
      queue: this.options.name,
      batches,
    });
    listener.options.onGap?.({ batches, reason: 'The queue fell behind; its oldest batches were dropped' });
  }

  private later(act: () => void): void {
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      if (!this.closed) act();
    }, retryDelayMs);
    this.timers.add(timer);
  }
}
