import type { AggregationQuery, GroupKey } from '../../../domain/queries/event-query.ts';
import type { Intervals } from '../../../domain/time/intervals.ts';
import { millisecondsSql } from './event-row.ts';
import { filterSql } from './filter-sql.ts';
import { doubleSql, propertySql } from './property-sql.ts';
import { responseTimeSql } from './response-time-sql.ts';
import { isOfWholeMinutes, rollUpRange, totalsSql, type WholeMinutes } from './roll-ups.ts';
import { SqlParameters } from './sql-parameters.ts';

export interface Statement {
  readonly sql: string;
  readonly values: readonly unknown[];
}

/** `fast` adds doubles, which PostgreSQL refuses when the sum is beyond them; `wide` does not. */
export type Sums = 'fast' | 'wide';

type Keys = readonly (readonly string[])[];
const eachTag = `cross join lateral unnest(case when cardinality(tags) = 0 then array['null'] else tags end) as one_tag`;

/** Where the interval of an event begins. Those of a length are aligned to the epoch, also before it. */
export function bucketSql(interval: Intervals, parameters: SqlParameters): string {
  if (typeof interval !== 'number') {
    const starts = parameters.addTimes(interval.slice(0, -1));
    return `(${starts})[width_bucket(timestamp, ${starts})]`;
  }
  return `date_bin(${parameters.add('bigint', interval)} * interval '1 millisecond', timestamp, 'epoch'::timestamptz)`;
}

/**
 * The statements of one aggregation. Groups are in columns `key1` and `key2`, the metric in `value`. Counts by what the
 * roll-ups have are answered from them.
 */
export class AggregationSql {
  readonly #query: AggregationQuery;
  readonly #sums: Sums;
  readonly #minutes: WholeMinutes | null;

  constructor(query: AggregationQuery, sums: Sums) {
    this.#query = query;
    this.#sums = sums;
    this.#minutes = countsFromRollUps(query) ? rollUpRange(query.filter) : null;
  }

  /** The metric over all events. */
  total(): Statement {
    return this.#statement((p) => `select ${this.#metric()} as value from ${this.#rows(p, { keys: false })}`);
  }

  /** The largest groups, by value and then by name; `total` is the metric over all groups, where it can be added up. */
  groups(limit: number): Statement {
    const names = this.#names().join(', ');
    return this.#statement(
      (p) =>
        `select ${names}, ${this.#metric()} as value, sum(${this.#metric()}) over () as total ` +
        `from ${this.#rows(p, { keys: true, ...this.#onlyGiven() })} group by ${names} ` +
        `order by value desc nulls last, ${this.#order()} limit ${p.add('bigint', limit)}`,
    );
  }

  /** The metric over all events that are in none of the groups. */
  other(groups: Keys): Statement {
    return this.#statement(
      (p) =>
        `select ${this.#metric()} as value from ${this.#rows(p, { keys: true, condition: 'not in', groups })}`,
    );
  }

  /** The metric by interval, in `bucket`. */
  series(interval: Intervals, limit: number): Statement {
    return this.#statement(
      (p) =>
        `select ${millisecondsSql('bucket')} as bucket, ${this.#metric()} as value ` +
        `from ${this.#rows(p, { keys: false, interval })} group by rows.bucket ` +
        `order by rows.bucket limit ${p.add('bigint', limit)}`,
    );
  }

  /** The metric by interval over all events that are in none of the groups. */
  otherSeries(interval: Intervals, groups: Keys, limit: number): Statement {
    return this.#statement(
      (p) =>
        `select ${millisecondsSql('bucket')} as bucket, ${this.#metric()} as value ` +
        `from ${this.#rows(p, { keys: true, interval, condition: 'not in', groups })} group by rows.bucket ` +
        `order by rows.bucket limit ${p.add('bigint', limit)}`,
    );
  }

  /** The metric by interval and group. */
  groupSeries(interval: Intervals, groups: Keys, limit: number): Statement {
    const names = this.#names().join(', ');
    return this.#statement(
      (p) =>
        `select ${millisecondsSql('bucket')} as bucket, ${names}, ${this.#metric()} as value ` +
        `from ${this.#rows(p, { keys: true, interval, condition: 'in', groups })} group by rows.bucket, ${names} ` +
        `order by rows.bucket, value desc nulls last, ${this.#order()} limit ${p.add('bigint', limit)}`,
    );
  }

  #statement(build: (parameters: SqlParameters) => string): Statement {
    const parameters = new SqlParameters();
    return { sql: build(parameters), values: parameters.values };
  }

  #onlyGiven(): { condition?: 'in'; groups?: Keys } {
    const { only } = this.#query;
    return only === undefined ? {} : { condition: 'in', groups: only };
  }

  #names(): string[] {
    return this.#query.groupBy.map((_, i) => `key${i + 1}`);
  }

  /** By bytes, whatever the order of texts in this database is. */
  #order(): string {
    return this.#names()
      .map((name) => `${name} collate "C"`)
      .join(', ');
  }

  /** What is aggregated: a row for each event, total of a minute, or user. */
  #rows(
    parameters: SqlParameters,
    wanted: { keys: boolean; interval?: Intervals; condition?: 'in' | 'not in'; groups?: Keys },
  ): string {
    const { groupBy, metric } = this.#query;
    const keys = wanted.keys ? groupBy.map((key, i) => `${keySql(key, parameters)} as key${i + 1}`) : [];
    const bucket =
      wanted.interval === undefined ? [] : [`${bucketSql(wanted.interval, parameters)} as bucket`];
    const who = whoIsCounted(metric);
    const selected = [...keys, ...bucket, who ?? this.#measured(parameters)].join(', ');
    const rows = `select ${who === null ? '' : 'distinct '}${selected} from ${this.#source(parameters, wanted.keys)}`;
    if (wanted.condition === undefined) return `(${rows}) as rows`;
    const lists = groupBy.map((_, i) =>
      parameters.add(
        'text[]',
        (wanted.groups ?? []).map((names) => names[i] ?? ''),
      ),
    );
    const names = this.#names().join(', ');
    const condition = `(${names}) ${wanted.condition} (select * from unnest(${lists.join(', ')}))`;
    if (who === null || wanted.condition === 'in')
      return `(select * from (${rows}) as grouped where ${condition}) as rows`;
    // A user of several of the groups is one user.
    const different = wanted.interval === undefined ? who : `bucket, ${who}`;
    return `(select distinct ${different} from (${rows}) as grouped where ${condition}) as rows`;
  }

  #measured(parameters: SqlParameters): string {
    const { field } = this.#query;
    if (field === 'response_time') return `${responseTimeSql(parameters)} as number`;
    if (field !== undefined) return `${propertySql(field, parameters).number} as number`;
    return this.#minutes === null ? '1 as events, is_error::integer as errors' : 'events, errors';
  }

  #source(parameters: SqlParameters, withKeys: boolean): string {
    const { filter, groupBy } = this.#query;
    if (this.#minutes !== null) return `(${totalsSql(filter, this.#minutes, parameters)}) as totals`;
    const byTag = withKeys && groupBy.some((key) => key.kind === 'field' && key.field === 'tag');
    return `events ${byTag ? eachTag : ''} where ${filterSql(filter, parameters)}`;
  }

  #metric(): string {
    switch (this.#query.metric) {
      case 'count':
        return 'coalesce(sum(events), 0)::float8';
      case 'unique_users':
      case 'unique_sessions':
        return `count(${whoIsCounted(this.#query.metric)})::float8`;
      case 'error_count':
        return 'coalesce(sum(errors), 0)::float8';
      case 'error_rate':
        return 'coalesce(sum(errors)::float8 / nullif(sum(events), 0)::float8, 0)';
      case 'sum':
        return this.#sum();
      case 'avg':
        return `${this.#sum()} / nullif(count(number), 0)`;
      case 'min':
      case 'max':
        return `${this.#query.metric}(number)`;
      default:
        // The value at n·p/100, counted from 0. Where that is a whole number percentile_disc takes the one before it,
        // without what is added here, which is too small to matter anywhere else.
        return `percentile_disc(${Number(this.#query.metric.slice(1)) / 100} + 1e-12) within group (order by number)`;
    }
  }

  #sum(): string {
    return this.#sums === 'fast' ? 'sum(number)' : doubleSql('sum(number::numeric)');
  }
}

/** Whether the minute totals have what the aggregation asks for. */
function countsFromRollUps({ metric, groupBy, interval }: AggregationQuery): boolean {
  return (
    (metric === 'count' || metric === 'error_count' || metric === 'error_rate') &&
    (interval === undefined || isOfWholeMinutes(interval)) &&
    groupBy.every(({ kind, ...key }) => kind === 'field' && 'field' in key && isRolledUp(key.field))
  );
}

/** The column whose different values a metric counts; null for all other metrics. */
function whoIsCounted(metric: AggregationQuery['metric']): 'user_id' | 'session_id' | null {
  if (metric === 'unique_users') return 'user_id';
  return metric === 'unique_sessions' ? 'session_id' : null;
}

const isRolledUp = (field: string): boolean => field === 'type' || field === 'source' || field === 'severity';

function keySql(key: GroupKey, parameters: SqlParameters): string {
  if (key.kind === 'property') return propertySql(key.path, parameters).text;
  if (key.kind === 'labelled') {
    const labels = parameters.add('jsonb', JSON.stringify(Object.fromEntries(key.labels)));
    return `coalesce(${labels} ->> (${propertySql(key.path, parameters).text}), ${parameters.add('text', key.rest)})`;
  }
  switch (key.field) {
    case 'type':
    case 'source':
    case 'severity':
      return key.field;
    case 'tag':
      return 'one_tag';
    case 'id':
      return 'id::text';
    case 'timestamp':
    case 'received_at':
      return `to_char(${key.field} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;
    default:
      return `coalesce(${key.field}, 'null')`;
  }
}
