import type { Clock } from '../../domain/clock.ts';
import type { Log } from '../../domain/log.ts';
import type { Tracing } from '../../domain/tracing.ts';
import type { Delivery } from '../../engines/bus/port.ts';
import type { EventStore } from '../../engines/event-store/port.ts';
import type { LedgerEntry } from '../../ledger/ledger-entries.ts';
import { pause } from './back-off.ts';
import { addWaiting, isFull, nothingWaiting, oldestReceivedAt, takeBlock } from './block.ts';
import { createBlockStoring } from './block-storing.ts';
import type { BlockLimits } from './flush-rule.ts';
import { flushDueAt } from './flush-rule.ts';
import type { StorageMetrics } from './storage-metrics.ts';

/*
 * From deliveries of the storage queue to blocks in the event store.
 *
 *   idle ──delivery──> gathering ──full, or due (flush-rule)──> appending ──stored──> ack all ──> idle | gathering
 *                                                                │      ▲
 *                                          ServiceUnavailable    │      │ the same block again, as one that may
 *                                                                ▼      │ be known, once the store answers a ping
 *                                                               away ───┘
 *                                                                │ any other failure
 *                                                                ▼
 *                                                             dividing: each half alone, down to one delivery,
 *                                                                       which is tried three times, then dead
 *
 * - One append at a time. Deliveries that arrive meanwhile gather into the next block; the consumption's prefetch
 *   bounds them, and while the store is away the consumption is paused.
 * - A delivery is acknowledged when its lines are durable, never before. A crash at any moment leads to redelivery, and
 *   whatever the first try had stored is a duplicate then: nothing is lost and nothing is there twice.
 * - Stopping: what waits is written without delay, for a bounded time. A store that is away ends the work at once.
 *   What was not acknowledged is delivered again to the next process.
 *
 * This file gathers and decides when to write; block-storing.ts has what follows "appending".
 */

export interface BlockWriterOptions {
  readonly store: Pick<EventStore, 'append' | 'ping'>;
  /** Enters lines into the ledger, once each; see ledger-entries. */
  readonly enter: (entries: readonly LedgerEntry[]) => Promise<void>;
  readonly clock: Clock;
  /** A number from 0 up to and without 1. */
  readonly random: () => number;
  readonly log: Log;
  readonly limits: BlockLimits;
  readonly metrics: StorageMetrics;
  readonly tracing?: Tracing | null;
  /** The store is away: no more deliveries, please. */
  onAway(): void;
  /** It is back. */
  onBack(): void;
}

export interface BlockWriter {
  /** Takes a delivery over; it is answered later. */
  take(delivery: Delivery): void;
  /** Writes what waits, for at most so many milliseconds, and then answers no delivery any more. */
  stop(withinMs: number): Promise<void>;
  /** Events that were taken over and are not written yet. */
  waitingRows(): number;
  /**
   * What was taken over and is not answered yet: how many deliveries, and a time before which none of their events was
   * received, milliseconds since the epoch; null without any.
   */
  held(): { readonly deliveries: number; readonly oldest: number | null };
  /** Milliseconds since the receipt of the oldest event that is not written yet; 0 when all are. */
  oldestAgeMs(): number;
}

export function createBlockWriter(options: BlockWriterOptions): BlockWriter {
  const { clock, limits, log } = options;
  const waiting = nothingWaiting();
  /** Aborted when storage is to stop: no more waiting. */
  const hurry = new AbortController();
  /** Aborted when its time is over: nothing is answered any more. */
  const ended = new AbortController();
  const storing = createBlockStoring({ ...options, hurry: hurry.signal, ended: ended.signal });

  let firstAt = 0;
  let timer: NodeJS.Timeout | null = null;
  let writing: readonly Delivery[] = [];
  let running: Promise<void> | null = null;

  function take(delivery: Delivery): void {
    if (ended.signal.aborted) return;
    if (delivery.redelivered) options.metrics.onRedelivered();
    if (waiting.deliveries.length === 0) firstAt = clock.now();
    addWaiting(waiting, delivery);
    schedule();
  }

  function schedule(): void {
    if (running !== null || ended.signal.aborted || waiting.deliveries.length === 0) return;
    if (hurry.signal.aborted || isFull(waiting, limits)) {
      write();
      return;
    }
    if (timer !== null) return;
    // A timer even when the block is due: deliveries come many in a turn and belong together. The bound is for a wall
    // clock that is set back.
    const wait = flushDueAt(firstAt, storing.lastAppend(), limits) - clock.now();
    timer = setTimeout(write, Math.min(Math.max(0, wait), limits.maxWaitMs));
  }

  function write(): void {
    if (timer !== null) clearTimeout(timer);
    timer = null;
    writing = takeBlock(waiting, limits);
    firstAt = clock.now();
    running = storing.store(writing).then((answered) => {
      running = null;
      if (!answered) return ended.abort();
      writing = [];
      schedule();
    });
  }

  async function drain(): Promise<void> {
    schedule();
    while (running !== null) await running;
  }

  async function stop(withinMs: number): Promise<void> {
    hurry.abort();
    const drained = new AbortController();
    await Promise.race([drain(), pause(withinMs, drained.signal)]);
    drained.abort();
    ended.abort();
    const events = waitingRows();
    if (events > 0) log.warning('Stopped with events that are not stored yet; they are kept', { events });
  }

  function waitingRows(): number {
    let rows = waiting.rows;
    for (const { batch } of writing) rows += batch.headers.count;
    return rows;
  }

  function oldestAgeMs(): number {
    const receivedAt = oldestReceivedAt(writing) ?? oldestReceivedAt(waiting.deliveries);
    return receivedAt === null ? 0 : Math.max(0, clock.now() - receivedAt);
  }

  function held(): ReturnType<BlockWriter['held']> {
    const all = [...writing, ...waiting.deliveries];
    // What has no time of receipt can be of any.
    const times = all.map((delivery) => oldestReceivedAt([delivery]) ?? 0);
    const answered = writing.length > 0 ? storing.acknowledged() : 0;
    const oldest = times.reduce<number | null>((first, time) => Math.min(first ?? time, time), null);
    return { deliveries: all.length - answered, oldest };
  }

  return { take, stop, waitingRows, held, oldestAgeMs };
}
