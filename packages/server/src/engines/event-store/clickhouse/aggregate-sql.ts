import type { AggregationQuery, GroupKey } from '../../../domain/queries/event-query.ts';
import type { Intervals } from '../../../domain/time/intervals.ts';
import { filterSql } from './filter-sql.ts';
import { propertySql } from './property-sql.ts';
import type { Reading } from './reading.ts';
import { responseTimeSql } from './response-time-sql.ts';
import { SqlParameters } from './sql-parameters.ts';

export interface Statement {
  readonly sql: string;
  readonly parameters: Readonly<Record<string, unknown>>;
}

/** `exact` keeps every value in memory; `sketch` is bounded, with a relative error below 1 %. */
export type QuantileKind = 'exact' | 'sketch';

const sketchError = 0.005;
const eachTag = "ARRAY JOIN if(empty(tags), ['null'], tags) AS one_tag";

/** The statements of one aggregation. Groups are in columns `key1` and `key2`, the metric in `value`. */
export class AggregationSql {
  readonly #query: AggregationQuery;
  readonly #reading: Reading;
  readonly #quantiles: QuantileKind;
  /** Whether an event may be in several groups. */
  readonly byTag: boolean;

  constructor(query: AggregationQuery, reading: Reading, quantiles: QuantileKind) {
    this.#query = query;
    this.#reading = reading;
    this.#quantiles = quantiles;
    this.byTag = query.groupBy.some((key) => key.kind === 'field' && key.field === 'tag');
  }

  /** The metric over all events. */
  total(): Statement {
    return this.#statement((p) => `SELECT ${this.#metric(p)} AS value FROM events WHERE ${this.#where(p)}`);
  }

  /** The largest groups, by value and then by name. */
  groups(limit: number): Statement {
    const names = this.#keyNames();
    return this.#statement(
      (p) =>
        `SELECT ${this.#namedKeys(p)}, ${this.#metric(p)} AS value FROM ${this.#grouped()} ` +
        `WHERE ${this.#where(p)} ${this.#onlyGiven(p)} GROUP BY ${names} ORDER BY value DESC NULLS LAST, ${names} ` +
        `LIMIT ${p.add('UInt32', limit)}`,
    );
  }

  /** The largest groups by count, each with the count of all events in `total`: a pass over the events less. */
  countedGroups(limit: number): Statement {
    const names = this.#keyNames();
    return this.#statement(
      (p) =>
        `SELECT ${this.#namedKeys(p)}, count() AS value, sum(count()) OVER () AS total FROM events ` +
        `WHERE ${this.#where(p)} GROUP BY ${names} ORDER BY value DESC, ${names} ` +
        `LIMIT ${p.add('UInt32', limit)}`,
    );
  }

  /** The metric over all events that are in none of the groups. */
  other(groups: readonly (readonly string[])[]): Statement {
    return this.#statement(
      (p) =>
        `SELECT ${this.#metric(p)} AS value FROM ${this.#grouped()} WHERE ${this.#where(p)} ` +
        `AND (${this.#keys(p).join(', ')}) NOT IN (${this.#keySet(groups, p)})`,
    );
  }

  /** The metric by interval, in `bucket`, and after it the metric over all, where `is_total` is 1. */
  series(interval: Intervals, limit: number): Statement {
    return this.#statement(
      (p) =>
        `SELECT ${bucketSql(interval, p)} AS bucket, ${this.#metric(p)} AS value, grouping(bucket) AS is_total ` +
        `FROM events WHERE ${this.#where(p)} GROUP BY bucket WITH ROLLUP ` +
        `ORDER BY is_total DESC, bucket LIMIT ${p.add('UInt32', limit)}`,
    );
  }

  /** The metric by interval over all events that are in none of the groups. */
  otherSeries(interval: Intervals, groups: readonly (readonly string[])[], limit: number): Statement {
    return this.#statement(
      (p) =>
        `SELECT ${bucketSql(interval, p)} AS bucket, ${this.#metric(p)} AS value FROM ${this.#grouped()} ` +
        `WHERE ${this.#where(p)} AND (${this.#keys(p).join(', ')}) NOT IN (${this.#keySet(groups, p)}) ` +
        `GROUP BY bucket ORDER BY bucket LIMIT ${p.add('UInt32', limit)}`,
    );
  }

  /** The metric by interval and group. */
  groupSeries(interval: Intervals, groups: readonly (readonly string[])[], limit: number): Statement {
    const names = this.#keyNames();
    return this.#statement(
      (p) =>
        `SELECT ${bucketSql(interval, p)} AS bucket, ${this.#namedKeys(p)}, ${this.#metric(p)} AS value ` +
        `FROM ${this.#grouped()} WHERE ${this.#where(p)} ` +
        `AND (${this.#keys(p).join(', ')}) IN (${this.#keySet(groups, p)}) ` +
        `GROUP BY bucket, ${names} ORDER BY bucket, value DESC NULLS LAST, ${names} ` +
        `LIMIT ${p.add('UInt32', limit)}`,
    );
  }

  #statement(build: (parameters: SqlParameters) => string): Statement {
    const parameters = new SqlParameters();
    return { sql: build(parameters), parameters: parameters.values };
  }

  #where(parameters: SqlParameters): string {
    return filterSql(this.#query.filter, parameters, this.#reading);
  }

  /** Grouping by tag takes an event once for each of its tags. */
  #grouped(): string {
    return this.byTag ? `events ${eachTag}` : 'events';
  }

  #keys(parameters: SqlParameters): string[] {
    return this.#query.groupBy.map((key) => keySql(key, parameters, this.#reading));
  }

  #namedKeys(parameters: SqlParameters): string {
    return this.#keys(parameters)
      .map((sql, i) => `${sql} AS key${i + 1}`)
      .join(', ');
  }

  #onlyGiven(parameters: SqlParameters): string {
    const { only } = this.#query;
    if (only === undefined) return '';
    return `AND (${this.#keys(parameters).join(', ')}) IN (${this.#keySet(only, parameters)})`;
  }

  #keyNames(): string {
    return this.#query.groupBy.map((_, i) => `key${i + 1}`).join(', ');
  }

  #keySet(groups: readonly (readonly string[])[], parameters: SqlParameters): string {
    const columns = this.#query.groupBy.map((_, i) =>
      parameters.add(
        'Array(String)',
        groups.map((keys) => keys[i] ?? ''),
      ),
    );
    return columns.length === 1
      ? `SELECT arrayJoin(${columns.join()})`
      : `SELECT pair.1, pair.2 FROM (SELECT arrayJoin(arrayZip(${columns.join(', ')})) AS pair)`;
  }

  #metric(parameters: SqlParameters): string {
    const { metric, field } = this.#query;
    if (metric === 'count') return 'count()';
    if (metric === 'unique_users') return 'uniqExact(user_id)';
    if (metric === 'unique_sessions') return 'uniqExact(session_id)';
    if (metric === 'error_count') return 'sum(is_error)';
    if (metric === 'error_rate') return 'if(count() = 0, 0, sum(is_error) / count())';
    if (field === undefined) throw new TypeError(`${metric} needs a field`);
    const number =
      field === 'response_time'
        ? responseTimeSql(parameters, this.#reading.promoted)
        : propertySql(field, parameters, this.#reading.promoted).number;
    switch (metric) {
      case 'sum':
      case 'avg':
      case 'min':
      case 'max':
        return `${metric}OrNull(${number})`;
      default: {
        const level = Number(metric.slice(1)) / 100;
        return this.#quantiles === 'exact'
          ? `quantileExactOrNull(${level})(${number})`
          : `quantileDDOrNull(${sketchError}, ${level})(${number})`;
      }
    }
  }
}

/** Where the interval of an event begins. Those of a length are aligned to the epoch, also before it. */
export function bucketSql(interval: Intervals, parameters: SqlParameters): string {
  const time = 'toUnixTimestamp64Milli(timestamp)';
  if (typeof interval !== 'number')
    return `roundDown(${time}, ${parameters.add('Array(Int64)', interval.slice(0, -1))})`;
  return `${time} - positiveModulo(${time}, ${parameters.add('Int64', interval)})`;
}

/** A moment as events have it: ClickHouse writes `2023-12-01 12:00:00.000`. */
const momentTextSql = (column: string): string => `concat(replaceOne(toString(${column}), ' ', 'T'), 'Z')`;

function keySql(key: GroupKey, parameters: SqlParameters, reading: Reading): string {
  if (key.kind === 'property') return propertySql(key.path, parameters, reading.promoted).text;
  if (key.kind === 'labelled') {
    const { text } = propertySql(key.path, parameters, reading.promoted);
    const texts = parameters.add('Array(String)', [...key.labels.keys()]);
    const labels = parameters.add('Array(String)', [...key.labels.values()]);
    return `transform(${text}, ${texts}, ${labels}, ${parameters.add('String', key.rest)})`;
  }
  switch (key.field) {
    case 'type':
    case 'source':
    case 'severity':
      return key.field;
    case 'id':
      return 'toString(id)';
    case 'timestamp':
    case 'received_at':
      return momentTextSql(key.field);
    case 'tag':
      return 'one_tag';
    case 'correlation_id':
    case 'session_id':
    case 'user_id':
      return `ifNull(${key.field}, 'null')`;
  }
}
