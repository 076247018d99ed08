import { forgetAudit } from '../../access/forget-audit.ts';
import type { Clock } from '../../domain/clock.ts';
import { StreamFlowError } from '../../domain/errors.ts';
import { minuteOf } from '../../domain/ledger/minute.ts';
import type { Log } from '../../domain/log.ts';
import { settings } from '../../domain/records/settings.ts';
import { dayMs, type Retention } from '../../domain/retention/retention.ts';
import type { Timers } from '../../domain/timers.ts';
import type { EventStore } from '../../engines/event-store/port.ts';
import type { RecordStore } from '../../engines/record-store/port.ts';
import { installation } from '../../ledger/acceptance-ledger.ts';
import { forgetLedger } from '../../ledger/forget-ledger.ts';
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
  /** How long entries of the audit log are kept, days; null for ever. */
  readonly auditDays: number | null;
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
  /** Ends a run soon; what it leaves open is settled by the next one. */
  stop(): Promise<void>;
}

/** The setting that says when it was last looked for old events. */
export const lastRun = 'retention.last_run';
const lookEveryMs = 60_000;
const hourMs = 3_600_000;
/** The ledger is kept for so long: a year, and time to look at it. */
const ledgerKeptMs = 400 * dayMs;

/*
 * Looks every minute, and at the start, whether there is something to do:
 *
 * - A removal that a process left open when it died is settled. Should it be under way in another process after all, that
 *   process finds it cancelled when it is about to remove, and nothing is removed that is not entered.
 * - Once an hour, over all processes, old events are removed, and once a day what the ledger says of minutes long ago, and old entries of the audit log.
 *   Whoever notes the time first does it.
 */
export function createRetentionRuns(options: RetentionRunsOptions): RetentionRuns {
  const { events, records, days, auditDays, clock, timers, log } = options;
  const removals = createRemovals(records, clock);
  const isConfigured = [days.general, ...Object.values(days.byType)].some((limit) => limit !== null);
  const stopping = new AbortController();
  let cancel: () => void = () => {};
  let running: Promise<void> = Promise.resolve();
  let isFailing = false;

  async function run(): Promise<void> {
    if (!options.mayRun()) return;
    await settleOpen();
    if (isConfigured) await inTurn(lastRun, hourMs, removeOld);
    await inTurn('ledger.last_forgotten', dayMs, forgetOld);
    if (auditDays !== null) await inTurn('audit.last_forgotten', dayMs, () => forgetOldAudit(auditDays));
  }

  /** Does something once in a time, over all processes; again soon when it fails. */
  async function inTurn(id: string, everyMs: number, work: () => Promise<void>): Promise<void> {
    if (!(await takeTurn(id, everyMs))) return;
    try {
      await work();
    } catch (error) {
      await records.delete(settings, { project: installation, id });
      throw error;
    }
  }

  async function forgetOld(): Promise<void> {
    const forgotten = await forgetLedger(records, {
      project: installation,
      before: minuteOf(clock.now() - ledgerKeptMs),
      signal: stopping.signal,
    });
    if (forgotten > 0) log.info('Forgot old minutes of the ledger', { records: forgotten });
  }

  async function forgetOldAudit(kept: number): Promise<void> {
    const before = clock.now() - kept * dayMs;
    const forgotten = await forgetAudit(records, { project: 'default', before, signal: stopping.signal });
    if (forgotten > 0) log.info('Forgot old entries of the audit log', { entries: forgotten });
  }

  async function removeOld(): Promise<void> {
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
    await events.remove(retentionAt(days, clock.now()), books, { signal: stopping.signal });
  }

  async function settleOpen(): Promise<void> {
    const open = await removals.open();
    if (open === null || clock.now() - open.since < options.settleAfterMs) return;
    const { name } = open;
    const isDone = await events.settle(name, { signal: stopping.signal });
    if (isDone) await removals.end(name);
    else await removals.cancel(name);
    log.info('Settled a removal of events that was not ended', { removal: name, done: isDone });
  }

  function takeTurn(id: string, everyMs: number): Promise<boolean> {
    return records.transaction(async (transaction) => {
      const ref = { project: installation, id };
      const now = clock.now();
      const last = await transaction.get(settings, ref);
      if (last === null) await transaction.insert(settings, { ...ref, value: now });
      else {
        // Also when the clock was set back since.
        if (typeof last.value === 'number' && Math.abs(now - last.value) < everyMs) return false;
        await transaction.update(settings, ref, { value: now });
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
