import type { Clock } from '../../domain/clock.ts';
import { StreamFlowError } from '../../domain/errors.ts';
import type { Log } from '../../domain/log.ts';
import { settings } from '../../domain/records/settings.ts';
import { dayMs, type Retention } from '../../domain/retention/retention.ts';
import type { Timers } from '../../domain/timers.ts';
import type { EventStore } from '../../engines/event-store/port.ts';
import type { RecordStore } from '../../engines/record-store/port.ts';
import { createRemovals } from '../../ledger/removals.ts';

/** How long events are kept, days; null for ever. */
export interface RetentionDays {
  readonly general: number | null;
  /** By type or `prefix.*`. */
  readonly byType: Readonly<Record<string, number | null>>;
}

export interface RetentionRunsOptions {
  readonly events: Pick<EventStore, 'remove' | 'settle'>;
  readonly records: RecordStore;
  readonly days: RetentionDays;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly log: Log;
  /**
   * How long a removal may be open before it is taken for one of a process that died, milliseconds: where others may
   * remove beside this one. 0 where none can.
   */
  readonly settleAfterMs: number;
  /** Whether this process may append, where one at a time may. */
  mayRun(): boolean;
  /** Events were removed. */
  onRemoved(count: number): void;
}

export interface RetentionRuns {
  start(): void;
  /** Ends a run between two removals; what it leaves open is settled by the next one. */
  stop(): Promise<void>;
}

const lookEveryMs = 60_000;
const hourMs = 3_600_000;
/** The project of what belongs to the installation. */
const lastRun = { project: 'default', id: 'retention.last_run' };

/*
 * Looks every minute, and at the start, whether there is something to do:
 *
 * - A removal that a process left open when it died is settled. Should it be under way in another process after all, that
 *   process finds it cancelled when it is about to remove, and nothing is removed that is not entered.
 * - Once an hour, over all processes, old events are removed. Whoever notes the hour first does it.
 */
export function createRetentionRuns(options: RetentionRunsOptions): RetentionRuns {
  const { events, records, days, clock, timers, log } = options;
  const removals = createRemovals(records, clock);
  const isConfigured = [days.general, ...Object.values(days.byType)].some((limit) => limit !== null);
  const stopping = new AbortController();
  let cancel: () => void = () => {};
  let running: Promise<void> = Promise.resolve();
  let isFailing = false;

  async function run(): Promise<void> {
    if (!options.mayRun()) return;
    await settleOpen();
    if (!isConfigured || !(await takeHour())) return;
    let removed = 0;
    const books = {
      ...removals,
      async begin(removal: Parameters<typeof removals.begin>[0]) {
        removed = removal.lines.reduce((sum, { count }) => sum + count, 0);
        await removals.begin(removal);
      },
      async end(name: string) {
        await removals.end(name);
        options.onRemoved(removed);
      },
    };
    try {
      await events.remove(retentionAt(days, clock.now()), books, { signal: stopping.signal });
    } catch (error) {
      await records.delete(settings, lastRun);
      throw error;
    }
  }

  async function settleOpen(): Promise<void> {
    const open = await removals.open();
    if (open === null || clock.now() - open.since < options.settleAfterMs) return;
    const { name } = open;
    const isDone = await events.settle(name);
    if (isDone) await removals.end(name);
    else await removals.cancel(name);
    log.info('Settled a removal of events that was not ended', { removal: name, done: isDone });
  }

  /** Whether the run of this hour is ours. */
  function takeHour(): Promise<boolean> {
    return records.transaction(async (transaction) => {
      const now = clock.now();
      const last = await transaction.get(settings, lastRun);
      if (last === null) await transaction.insert(settings, { ...lastRun, value: now });
      else {
        // Also when the clock was set back since.
        if (typeof last.value === 'number' && Math.abs(now - last.value) < hourMs) return false;
        await transaction.update(settings, lastRun, { value: now });
      }
      return true;
    });
  }

  function look(): void {
    running = run()
      .then(
        () => {
          isFailing = false;
        },
        (error: unknown) => {
          if (stopping.signal.aborted) return;
          // Another process was faster, or is at it.
          if (error instanceof StreamFlowError && error.code === 'Conflict') return;
          if (!isFailing) log.warning('Old events were not removed; it is tried again', { error });
          isFailing = true;
        },
      )
      .then(() => {
        if (!stopping.signal.aborted) cancel = timers.after(lookEveryMs, look);
      });
  }

  return {
    start: look,
    async stop() {
      stopping.abort(new Error('Storage stops'));
      cancel();
      await running;
    },
  };
}

function retentionAt({ general, byType }: RetentionDays, now: number): Retention {
  const before = (limit: number | null): number | null => (limit === null ? null : now - limit * dayMs);
  return {
    before: before(general),
    types: Object.fromEntries(Object.entries(byType).map(([type, limit]) => [type, before(limit)])),
  };
}
