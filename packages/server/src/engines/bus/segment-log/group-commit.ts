import { performance } from 'node:perf_hooks';
import { type StreamFlowError, unavailable } from '../../../domain/errors.ts';
import type { Log } from '../../../domain/log.ts';
import { type LogEntry, recordBytes } from './record.ts';
import type { SegmentWriter } from './segment-writer.ts';

/** Bytes that one flush writes at most (one append is always taken whole), so that no flush takes long. */
const flushBytes = 8 * 1024 * 1024;

export interface GroupCommitOptions {
  /** Milliseconds after which an append that is not durable is refused. */
  readonly timeoutMs: number;
  /** Bytes that may wait for their flush; more are refused. */
  readonly waitingBytes: number;
  readonly log: Log;
}

interface Append {
  readonly entries: readonly LogEntry[];
  readonly bytes: number;
  readonly deadline: number;
  settled: boolean;
  resolve(): void;
  reject(error: StreamFlowError): void;
}

/**
 * Gathers appends and has all that wait together written and flushed at once. While a flush is under way what arrives
 * gathers for the next one.
 */
export class GroupCommit {
  private readonly options: GroupCommitOptions;
  private readonly writer: SegmentWriter;
  private waiting: Append[] = [];
  /** Appends that are not answered, oldest first, and so by deadline; answered ones are skipped. */
  private unanswered: Append[] = [];
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<void> | undefined;
  private failure: StreamFlowError | undefined;
  /** Bytes that were taken and are not durable. */
  unflushedBytes = 0;

  constructor(writer: SegmentWriter, options: GroupCommitOptions) {
    this.writer = writer;
    this.options = options;
  }

  /** Resolves when the entries are durable; rejects with `ServiceUnavailable` otherwise. */
  append(entries: readonly LogEntry[]): Promise<void> {
    let bytes = 0;
    for (const entry of entries) bytes += recordBytes(entry);
    if (this.unflushedBytes > 0 && this.unflushedBytes + bytes > this.options.waitingBytes) {
      return Promise.reject(unavailable('The disk does not keep up: too much waits to be flushed'));
    }
    this.unflushedBytes += bytes;
    return new Promise((resolve, reject) => {
      const deadline = performance.now() + this.options.timeoutMs;
      const append: Append = { entries, bytes, deadline, settled: false, resolve, reject };
      this.waiting.push(append);
      this.unanswered.push(append);
      this.timer ??= setTimeout(() => this.expire(), this.options.timeoutMs);
      // After the events of this turn, so that all requests that a poll brings share the flush.
      this.running ??= new Promise((done) => setImmediate(() => done(this.run())));
    });
  }

  /** Proves that the log can be written: after a failure by writing, otherwise the last flush stands for it. */
  async probe(): Promise<void> {
    if (this.failure === undefined) return;
    await this.append([]);
  }

  /** Waits for what is under way. */
  async close(): Promise<void> {
    while (this.running !== undefined) await this.running;
    clearTimeout(this.timer);
  }

  private async run(): Promise<void> {
    while (this.waiting.length > 0) {
      const group = this.takeGroup();
      try {
        await this.flush(group);
        if (this.failure !== undefined) this.options.log.info('The log is written again');
        this.failure = undefined;
        for (const append of group) this.settle(append);
      } catch (error) {
        // Once, since requests that come again and again would repeat it.
        if (this.failure === undefined) this.options.log.error('The log cannot be written', { error });
        this.failure = unavailable('The log cannot be written', 1, error);
        for (const append of group) this.settle(append, this.failure);
      }
      for (const append of group) this.unflushedBytes -= append.bytes;
      this.dropAnswered();
    }
    this.running = undefined;
  }

  private takeGroup(): Append[] {
    // A flush goes to one segment, which it must not make longer than it should be.
    const most = Math.min(flushBytes, this.writer.segmentSpace);
    let bytes = 0;
    let count = 0;
    for (const append of this.waiting) {
      if (count > 0 && bytes + append.bytes > most) break;
      bytes += append.bytes;
      count++;
    }
    const group = this.waiting.slice(0, count);
    this.waiting = this.waiting.slice(count);
    return group;
  }

  private async flush(group: readonly Append[]): Promise<void> {
    const entries: LogEntry[] = [];
    let bytes = 0;
    for (const append of group) {
      bytes += append.bytes;
      for (const entry of append.entries) entries.push(entry);
    }
    await this.writer.write(entries, bytes);
  }

  private settle(append: Append, error?: StreamFlowError): void {
    if (append.settled) return;
    append.settled = true;
    if (error === undefined) append.resolve();
    else append.reject(error);
  }

  private dropAnswered(): void {
    const first = this.unanswered.findIndex((append) => !append.settled);
    this.unanswered = first === -1 ? [] : this.unanswered.slice(first);
    if (this.unanswered.length > 0) return;
    clearTimeout(this.timer);
    this.timer = undefined;
  }

  private expire(): void {
    this.timer = undefined;
    const now = performance.now();
    for (const append of this.unanswered) {
      if (append.deadline > now) break;
      this.settle(append, unavailable('The log was not flushed within the publish timeout'));
    }
    // What was not handed to the disk yet is never written; what was may become durable all the same.
    for (const append of this.waiting) if (append.settled) this.unflushedBytes -= append.bytes;
    this.waiting = this.waiting.filter((append) => !append.settled);
    this.dropAnswered();
    const oldest = this.unanswered[0];
    if (oldest !== undefined) this.timer = setTimeout(() => this.expire(), oldest.deadline - now);
  }
}
