import type { Clock } from '../../domain/clock.ts';
import { StreamFlowError } from '../../domain/errors.ts';
import { correlationIdsOf } from '../../domain/events/correlation-ids.ts';
import type { Log } from '../../domain/log.ts';
import type { Tracing } from '../../domain/tracing.ts';
import type { Delivery } from '../../engines/bus/port.ts';
import type { AppendResult, EventStore } from '../../engines/event-store/port.ts';
import { UnstorableBlockError } from '../../engines/event-store/port.ts';
import type { LedgerEntry } from '../../ledger/ledger-entries.ts';
import { createBackOff, pause } from './back-off.ts';
import { blockOf, oldestReceivedAt } from './block.ts';
import { clientDuplicates } from './client-duplicates.ts';
import type { LastAppend } from './flush-rule.ts';
import type { StorageMetrics } from './storage-metrics.ts';
import { traceStoring } from './trace-storing.ts';

/*
 * Brings a block into the store, whatever comes, and answers its deliveries.
 *
 * A failure is the store's or the block's. It is the store's when it says ServiceUnavailable, and also when it says
 * something else and the store then does not answer a ping: dead letters are for what cannot be stored, not for what a
 * broken store refuses. Then the same block is tried again until the store takes it, with growing pauses.
 *
 * A failure of the block divides it: each half is a block of its own, down to the delivery that fails alone. That takes
 * some twenty appends for one bad batch among thousands, where trying each alone would take thousands of commits. What
 * fails alone is tried three times, then it goes to the dead letters.
 *
 * Every try but the first says that the ids may be known, since a rejected append may have stored the block.
 *
 * What clients had sent before is entered into the ledger once the block is stored and before its deliveries are
 * acknowledged: a crash in between leads to the same entries by the redelivery. The ledger is waited for like the store.
 */

export interface BlockStoringOptions {
  readonly store: Pick<EventStore, 'append' | 'ping'>;
  /** Enters lines into the ledger, once each; see ledger-entries. */
  readonly enter: (entries: readonly LedgerEntry[]) => Promise<void>;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
  readonly metrics: StorageMetrics;
  readonly tracing?: Tracing | null;
  onAway(): void;
  onBack(): void;
  /** Aborted: a store that is away is not waited for. */
  readonly hurry: AbortSignal;
  /** Aborted: deliveries are not answered any more. */
  readonly ended: AbortSignal;
}

export interface BlockStoring {
  /** Resolves with true when the deliveries are dealt with, with false when the signals ended the work before. */
  store(deliveries: readonly Delivery[]): Promise<boolean>;
  lastAppend(): LastAppend | null;
  /** How many of the deliveries of the latest call are acknowledged. */
  acknowledged(): number;
}

type Outcome = 'stored' | 'refused' | 'left';

const triesAlone = 3;
const pauseAlone = { firstMs: 100, maxMs: 400 };
const pauseAway = { firstMs: 100, maxMs: 5000 };

export function createBlockStoring(options: BlockStoringOptions): BlockStoring {
  const { store, enter, clock, random, log, metrics, hurry, ended, tracing = null } = options;
  let last: LastAppend | null = null;
  let acknowledged = 0;

  async function storeAll(deliveries: readonly Delivery[], triedBefore: boolean): Promise<boolean> {
    const [only] = deliveries;
    if (only === undefined) return true;
    if (deliveries.length === 1) return storeAlone(only, triedBefore);
    const outcome = await append(deliveries, triedBefore);
    if (outcome !== 'refused') return outcome === 'stored';
    const middle = Math.ceil(deliveries.length / 2);
    return (
      (await storeAll(deliveries.slice(0, middle), true)) && (await storeAll(deliveries.slice(middle), true))
    );
  }

  async function storeAlone(delivery: Delivery, triedBefore: boolean): Promise<boolean> {
    const backOff = createBackOff({ ...pauseAlone, random });
    for (let tries = 1; ; tries++) {
      const outcome = await append([delivery], triedBefore || tries > 1);
      if (outcome !== 'refused') return outcome === 'stored';
      if (tries === triesAlone) break;
      await pause(backOff.next(), hurry);
      // Not condemned in a hurry: it is left for the next process, and its neighbours are written.
      if (hurry.aborted) return true;
    }
    const { count, type } = delivery.batch.headers;
    log.error('A batch that cannot be stored goes to the dead letters', {
      batch: delivery.id,
      event_type: type,
      events: count,
      correlation_ids: correlationIdsOf(delivery.batch.body),
    });
    const reason = `the event store refused it ${triesAlone} times, alone`;
    delivery.dead(reason);
    if (tracing !== null) traceStoring(tracing, [delivery], clock.now(), reason);
    metrics.onDead(1);
    return true;
  }

  async function append(deliveries: readonly Delivery[], triedBefore: boolean): Promise<Outcome> {
    const block = blockOf(deliveries);
    const backOff = createBackOff({ ...pauseAway, random });
    let isAgain = triedBefore;
    let awaySince: number | null = null;
    for (;;) {
      const startedAt = clock.now();
      const mayBeKnown = isAgain || block.mayBeKnown;
      const tried = await attempt(() => store.append({ ...block, mayBeKnown }));
      if (ended.aborted) return 'left';
      if ('result' in tried || !(await isStoreAway(tried.failure))) {
        if (awaySince !== null) back(awaySince);
        if ('result' in tried) {
          const { twins } = tried.result;
          const duplicates = clientDuplicates(deliveries, twins, { triedBefore: isAgain, now: startedAt });
          if (!(await account(duplicates))) return 'left';
          stored(deliveries, tried.result, startedAt);
          return 'stored';
        }
        const { failure } = tried;
        log.warning('The event store refused a block', {
          error: failure,
          batches: deliveries.length,
          events: block.count,
        });
        return 'refused';
      }
      if (awaySince === null) {
        awaySince = startedAt;
        away(tried.failure);
      }
      isAgain = true;
      if (!(await untilPing(backOff.next))) return 'left';
    }
  }

  function stored(deliveries: readonly Delivery[], result: AppendResult, startedAt: number): void {
    const endedAt = clock.now();
    const durationMs = Math.max(0, endedAt - startedAt);
    last = { endedAt, durationMs, rows: deliveries.reduce((sum, { batch }) => sum + batch.headers.count, 0) };
    for (const delivery of deliveries) delivery.ack();
    acknowledged += deliveries.length;
    if (tracing !== null) traceStoring(tracing, deliveries, startedAt);
    metrics.onAppended(result);
    metrics.onAppendTime(durationMs / 1000);
    metrics.onQueryable(Math.max(0, endedAt - (oldestReceivedAt(deliveries) ?? startedAt)) / 1000);
  }

  /** False when the ledger could not be written before storing had to end. */
  async function account(entries: readonly LedgerEntry[]): Promise<boolean> {
    if (entries.length === 0) return true;
    const backOff = createBackOff({ ...pauseAway, random });
    let isAway = false;
    for (;;) {
      const tried = await attempt(() => enter(entries));
      if (ended.aborted) return false;
      if ('result' in tried) {
        if (isAway) {
          log.info('The ledger is back');
          options.onBack();
        }
        return true;
      }
      if (!isAway) {
        log.warning('The ledger is away; storing waits for it', { error: tried.failure });
        options.onAway();
      }
      isAway = true;
      if (hurry.aborted) return false;
      await pause(backOff.next(), hurry);
    }
  }

  async function isStoreAway(failure: unknown): Promise<boolean> {
    if (failure instanceof UnstorableBlockError) return false;
    if (failure instanceof StreamFlowError && failure.code === 'ServiceUnavailable') return true;
    return !(await answersPing());
  }

  const answersPing = async (): Promise<boolean> => 'result' in (await attempt(() => store.ping()));

  /** Waits until the store answers; false when storage is to stop. */
  async function untilPing(nextPause: () => number): Promise<boolean> {
    do {
      if (hurry.aborted) return false;
      await pause(nextPause(), hurry);
    } while (!(await answersPing()));
    return true;
  }

  function away(failure: unknown): void {
    log.warning('The event store is away; storing waits for it', { error: failure });
    options.onAway();
  }

  function back(since: number): void {
    log.info('The event store is back', { away_ms: clock.now() - since });
    options.onBack();
  }

  return {
    store(deliveries) {
      acknowledged = 0;
      return storeAll(deliveries, false);
    },
    lastAppend: () => last,
    acknowledged: () => acknowledged,
  };
}

type Attempt<T> = { readonly result: T } | { readonly failure: unknown };

const attempt = <T>(work: () => Promise<T>): Promise<Attempt<T>> =>
  work().then(
    (result) => ({ result }),
    (failure: unknown) => ({ failure }),
  );
