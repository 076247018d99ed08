import { unavailable } from '../../../domain/errors.ts';
import type { Log } from '../../../domain/log.ts';
import type {
  Bus,
  ConsumeOptions,
  Consumption,
  DeadLetters,
  EventBatch,
  EventQueue,
  LiveExchange,
  LiveMessage,
  QueueDepth,
  QueueName,
} from '../port.ts';
import { encodeBatchMeta } from './batch-meta.ts';
import type { DeadLetterLog } from './dead-letter-log.ts';
import type { DeliveryQueue } from './delivery-queue.ts';
import { LiveExchanges } from './live-exchanges.ts';
import type { QueuePosition } from './offset-file.ts';
import { Pace } from './pace.ts';
import { type LogEntry, recordBytes } from './record.ts';
import type { SegmentLog } from './segment-log.ts';

/** Milliseconds between writes of the positions: after a crash so much is delivered again. */
const savePositionsMs = 500;

export interface SegmentLogBusParts {
  readonly source: SegmentLog;
  readonly deadLetters: DeadLetterLog;
  readonly queues: Readonly<Record<EventQueue, DeliveryQueue>>;
  /** Whether an earlier process consumed the analytics queue, so that what it has not seen is kept for it. */
  readonly analyticsKept: boolean;
  readonly maxBytes: number;
  readonly analyticsMaxBytes: number;
  /** See `Pace`. */
  readonly backlogBytes: number;
  readonly log: Log;
  savePosition(queue: EventQueue, position: QueuePosition, durable: boolean): Promise<void>;
}

/** The `Bus` over a segment log: who may publish, what is kept for whom, and when positions are written. */
export class SegmentLogBus implements Bus {
  private readonly parts: SegmentLogBusParts;
  private readonly live: LiveExchanges;
  private readonly pace: Pace;
  /** How far storage had come when the pace was told. */
  private paced: number;
  private readonly saved = new Map<EventQueue, number>();
  private timer: NodeJS.Timeout | undefined;
  private saving: Promise<void> = Promise.resolve();
  private analyticsKept: boolean;
  private closing: Promise<void> | undefined;

  constructor(parts: SegmentLogBusParts) {
    this.parts = parts;
    this.analyticsKept = parts.analyticsKept;
    this.live = new LiveExchanges(parts.log);
    const storage = parts.queues['events.storage'];
    this.paced = storage.watermark.offset;
    this.pace = new Pace({
      windowBytes: parts.backlogBytes,
      backlog: () => this.heldBytes,
      isConsumed: () => storage.isConsumed,
    });
  }

  start(): void {
    const { source, queues } = this.parts;
    source.onDurable(() => {
      for (const queue of Object.values(queues)) queue.pump();
    });
    this.trim();
    for (const queue of Object.values(queues)) queue.noticeGap();
  }

  async publish(batches: readonly EventBatch[]): Promise<void> {
    this.refuseWhenClosed();
    const entries: LogEntry[] = [];
    for (const batch of batches) entries.push({ meta: encodeBatchMeta(batch.headers), body: batch.body });
    await this.append(entries);
  }

  /** Publishes what stood in the log before. */
  async republish(entry: LogEntry): Promise<void> {
    this.refuseWhenClosed();
    await this.append([entry]);
  }

  async consume(queue: EventQueue, options: ConsumeOptions): Promise<Consumption> {
    this.refuseWhenClosed();
    if (queue === 'events.analytics') this.analyticsKept = true;
    return this.parts.queues[queue].consume(options);
  }

  publishLive(exchange: LiveExchange, message: LiveMessage): void {
    if (this.closing === undefined) this.live.publish(exchange, message);
  }

  async subscribeLive(
    exchange: LiveExchange,
    pattern: string,
    onMessage: (message: LiveMessage) => void,
  ): Promise<{ close(): Promise<void> }> {
    this.refuseWhenClosed();
    const end = this.live.subscribe(exchange, pattern, onMessage);
    return { close: async () => end() };
  }

  async depth(queue: QueueName): Promise<QueueDepth> {
    const { deadLetters, queues } = this.parts;
    return queue === 'events.dead' ? deadLetters.depth() : queues[queue].depth();
  }

  get deadLetters(): DeadLetters {
    return this.parts.deadLetters;
  }

  async ping(): Promise<void> {
    this.refuseWhenClosed();
    if (this.heldBytes >= this.parts.maxBytes) throw this.full();
    await this.parts.source.probe();
  }

  close(): Promise<void> {
    this.closing ??= this.shutDown();
    return this.closing;
  }

  /** A queue read or answered something: gives back what nobody needs, and has the positions written soon. */
  onProgress(): void {
    if (this.closing !== undefined) return;
    const { offset } = this.parts.queues['events.storage'].watermark;
    this.pace.onProgress(offset - this.paced);
    this.paced = offset;
    this.trim();
    this.forgetRead();
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      this.saving = this.savePositions(false);
    }, savePositionsMs);
  }

  private async shutDown(): Promise<void> {
    const { source, deadLetters, queues } = this.parts;
    clearTimeout(this.timer);
    this.pace.end();
    for (const queue of Object.values(queues)) queue.close();
    this.live.close();
    await source.close();
    await deadLetters.close();
    await this.saving;
    await this.savePositions(true);
  }

  private async append(entries: readonly LogEntry[]): Promise<void> {
    let bytes = 0;
    for (const entry of entries) bytes += recordBytes(entry);
    if (this.heldBytes + bytes > this.parts.maxBytes) throw this.full();
    await this.parts.source.append(entries);
    await this.pace.hold(bytes);
  }

  /** What storage holds up, by the bytes of the log from its oldest unacknowledged batch on. */
  private get heldBytes(): number {
    const { source, queues } = this.parts;
    return source.end.offset - queues['events.storage'].watermark.offset + source.unflushedBytes;
  }

  private trim(): void {
    const { source, queues, analyticsMaxBytes } = this.parts;
    const analytics = queues['events.analytics'];
    let keep = queues['events.storage'].watermark.offset;
    if (this.analyticsKept) {
      keep = Math.min(keep, Math.max(analytics.watermark.offset, source.end.offset - analyticsMaxBytes));
    }
    const { offset } = source.start;
    source.trim(keep);
    if (source.start.offset !== offset) analytics.noticeGap();
  }

  /** Memory keeps nothing that every queue with a consumer has read. */
  private forgetRead(): void {
    const { source, queues } = this.parts;
    let read = Number.POSITIVE_INFINITY;
    for (const queue of Object.values(queues)) read = Math.min(read, queue.readingAt ?? read);
    if (read !== Number.POSITIVE_INFINITY) source.forgetRecent(read);
  }

  private async savePositions(clean: boolean): Promise<void> {
    for (const name of ['events.storage', 'events.analytics'] as const) {
      const queue = this.parts.queues[name];
      if (name === 'events.analytics' && !this.analyticsKept) continue;
      const position = queue.position(clean);
      if (!clean && this.saved.get(name) === position.watermark.offset) continue;
      try {
        await this.parts.savePosition(name, position, clean);
        this.saved.set(name, position.watermark.offset);
      } catch (error) {
        // The older position stands: more is delivered again, nothing is lost.
        this.parts.log.error('The position of a queue could not be written', { error, queue: name });
      }
    }
  }

  private refuseWhenClosed(): void {
    if (this.closing !== undefined) throw unavailable('The bus is closed');
  }

  private full() {
    return unavailable('The log is full: storage does not keep up', 5);
  }
}
