import type { Clock } from '../../../domain/clock.ts';
import type { Log } from '../../../domain/log.ts';
import type { Timers } from '../../../domain/timers.ts';
import type { Postgres, Statements } from '../../postgres/postgres.ts';
import { tryMaintenance } from './locks.ts';
import type { Partitions } from './partitions.ts';

export interface MaintenanceOptions {
  readonly postgres: Postgres;
  readonly partitions: Partitions;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly log: Log;
  /** Milliseconds for which (project, id) is unique whatever the timestamp. */
  readonly horizonMs: number;
}

export interface Maintenance {
  /** Does all that is due now, unless another process does it. */
  run(): Promise<void>;
  /** Stops the timer and waits for what is under way. */
  stop(): Promise<void>;
}

const everyMs = 10_000;
const hourMs = 3_600_000;
/** Events are still coming for the current minutes: their totals would be written again and again. */
const settledMs = 120_000;
/** Bounds the transaction that moves deltas; a busy minute has some ten thousand. */
const mostDeltas = 100_000;
const mostIds = 50_000;

/** Of the minutes that are settled; `for update skip locked` never waits, should somebody else be at them. */
const moveDeltas = `
with moved as (
  delete from event_minute_deltas where ctid in (
    select ctid from event_minute_deltas where minute < $1 limit ${mostDeltas} for update skip locked
  )
  returning *
),
merged as (
  insert into event_minutes (project, minute, type, source, severity, events, errors)
  select project, minute, type, source, severity, sum(events), sum(errors) from moved group by 1, 2, 3, 4, 5
  on conflict (project, minute, type, source, severity) do update set
    events = event_minutes.events + excluded.events,
    errors = event_minutes.errors + excluded.errors
)
select count(*)::integer as moved from moved`;

const forgetIds = `
delete from event_ids where ctid in (select ctid from event_ids where stored_at < $1 limit ${mostIds})`;

/** BRIN indexes hold nothing about pages that were filled since they were last looked at. */
const summarize = `
select brin_summarize_new_values(pg_class.oid) from pg_class
join pg_index on indexrelid = pg_class.oid join pg_am on pg_am.oid = relam
where amname = 'brin' and relkind = 'i' and (indrelid = 'event_ids'::regclass
  or indrelid in (select inhrelid from pg_inherits where inhparent = 'events'::regclass))`;

/**
 * Keeps the store in order, in one process at a time: moves deltas to the totals, makes partitions ahead, forgets ids
 * beyond the horizon. Nothing of it changes what any query answers.
 */
export function createMaintenance(options: MaintenanceOptions): Maintenance {
  const { postgres, partitions, clock, timers, log, horizonMs } = options;
  let cancel: () => void = () => {};
  let stopped = false;
  let running: Promise<void> = Promise.resolve();
  let hourly = Number.NEGATIVE_INFINITY;

  const alone = <T>(work: (statements: Statements) => Promise<T>): Promise<T | null> =>
    postgres.transaction(async (statements) => {
      const { rows } = await statements.query(tryMaintenance);
      return rows[0]?.taken === true ? work(statements) : null;
    });

  /** Repeats a step in transactions of their own until it has less than a whole portion to do. */
  async function inPortions(size: number, step: (statements: Statements) => Promise<number>): Promise<void> {
    while (!stopped && ((await alone(step)) ?? 0) >= size);
  }

  async function run(): Promise<void> {
    const now = clock.now();
    await inPortions(mostDeltas, async ({ query }) => {
      const { rows } = await query(moveDeltas, [new Date(now - settledMs).toISOString()]);
      return Number(rows[0]?.moved ?? 0);
    });
    await postgres.query(summarize);
    if (now - hourly < hourMs) return;
    await partitions.ensureAhead();
    await inPortions(mostIds, async ({ query }) => {
      const { count } = await query(forgetIds, [new Date(now - horizonMs).toISOString()]);
      return count;
    });
    hourly = now;
  }

  function schedule(): void {
    if (stopped) return;
    cancel = timers.after(everyMs, () => {
      running = run()
        .catch((error: unknown) =>
          log.warning('The event store was not put in order; it is tried again', { error }),
        )
        .finally(schedule);
    });
  }
  schedule();

  return {
    run,
    async stop() {
      stopped = true;
      cancel();
      await running;
    },
  };
}
