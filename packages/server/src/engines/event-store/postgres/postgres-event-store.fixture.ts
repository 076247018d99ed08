import type { Clock } from '../../../domain/clock.ts';
import { systemClock } from '../../../domain/clock.ts';
import { silentLog } from '../../../domain/log.ts';
import type { Timers } from '../../../domain/timers.ts';
import { openPostgres } from '../../postgres/open-postgres.ts';
import { createTestDatabase, type TestDatabase } from '../../postgres/test-database.fixture.ts';
import {
  openPostgresEventStore,
  type PostgresEventStore,
  type PostgresEventStoreOptions,
} from './postgres-event-store.ts';

export interface TestStores {
  readonly database: TestDatabase;
  /** One more replica on the same database. */
  open(options?: OpenOptions): Promise<PostgresEventStore>;
  /** Where the roll-ups differ from a recount of the events; none, as it should be. */
  differences(): Promise<readonly Record<string, unknown>[]>;
  close(): Promise<void>;
}

export interface OpenOptions
  extends Partial<Pick<PostgresEventStoreOptions, 'clock' | 'partitionBy' | 'timers' | 'indexProperties'>> {
  readonly url?: string;
  readonly statementTimeoutMs?: number;
}

/** Nothing happens by itself; tests say when. */
const noTimers: Timers = { after: () => () => {} };

export async function createTestStores(): Promise<TestStores> {
  const database = await createTestDatabase();
  const opened: { close(): Promise<void> }[] = [];
  return {
    database,
    async open({
      url = database.url,
      statementTimeoutMs = 20_000,
      clock = systemClock,
      timers = noTimers,
      ...rest
    } = {}) {
      const postgres = openPostgres({
        url,
        poolSize: 2,
        maxOverflow: 1,
        applicationName: 'streamflow test',
        echo: false,
        log: silentLog,
        statementTimeoutMs,
        connectTimeoutMs: 2000,
      });
      opened.push(postgres);
      const store = await openPostgresEventStore({ postgres, clock, timers, log: silentLog, ...rest });
      opened.push(store);
      return store;
    },
    differences: () => database.query(differences),
    async close() {
      for (const { close } of opened.reverse()) await close();
      await database.drop();
    },
  };
}

/** A clock that a test sets. */
export function settableClock(now: number): Clock & { set(now: number): void } {
  let present = now;
  return {
    now: () => present,
    set(time) {
      present = time;
    },
  };
}

/** Written apart from the store's own SQL: minutes by truncation, quarter-hours one by one. */
const differences = `
with raw_minutes as (
  select project, date_trunc('minute', timestamp) as minute, type, source, severity, count(*) as events,
    sum(case when is_error then 1 else 0 end) as errors
  from events group by 1, 2, 3, 4, 5
),
kept_minutes as (
  select project, minute, type, source, severity, sum(events) as events, sum(errors) as errors
  from (select * from event_minutes union all select * from event_minute_deltas) as both_tables group by 1, 2, 3, 4, 5
),
raw_quarters as (
  select distinct project, user_id, (timestamp at time zone 'UTC')::date as day,
    trunc((extract(epoch from timestamp at time zone 'UTC') - extract(epoch from date_trunc('day', timestamp at time zone 'UTC'))) / 900)::int as quarter
  from events where user_id is not null
),
kept_quarters as (
  select project, user_id, day, quarter from event_user_days, generate_series(0, 95) as quarter
  where case when quarter < 48 then (first_half >> quarter) & 1 else (second_half >> (quarter - 48)) & 1 end = 1
)
select 'minutes' as what, to_jsonb(raw_minutes) as raw, to_jsonb(kept_minutes) as kept
from raw_minutes full join kept_minutes using (project, minute, type, source, severity)
where raw_minutes.events is distinct from kept_minutes.events or raw_minutes.errors is distinct from kept_minutes.errors
union all
(select 'quarters', to_jsonb(missing), null from (table raw_quarters except table kept_quarters) as missing)
union all
(select 'quarters', null, to_jsonb(spare) from (table kept_quarters except table raw_quarters) as spare)
union all
select 'ids', to_jsonb(repeated), null
from (select project, id, count(*) from events group by 1, 2 having count(*) > 1) as repeated`;
