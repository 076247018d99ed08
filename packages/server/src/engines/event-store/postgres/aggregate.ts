import type { AggregationResult } from '@streamflow/contracts';
import { validationError } from '../../../domain/errors.ts';
import type { AggregationQuery } from '../../../domain/queries/event-query.ts';
import { sqlStateOf } from '../../postgres/failures.ts';
import type { Postgres, Row, Statements } from '../../postgres/postgres.ts';
import {
  emptyValue,
  isSumOfGroups,
  joinSeries,
  longestSeries,
  nestGroups,
  type SeriesRest,
} from '../aggregation-shape.ts';
import type { ReadOptions } from '../port.ts';
import { AggregationSql, type Statement, type Sums } from './aggregate-sql.ts';
import { inSnapshot } from './snapshot.ts';

/** `numeric_value_out_of_range` */
const outOfRange = '22003';

export async function aggregateEvents(
  postgres: Postgres,
  query: AggregationQuery,
  options: ReadOptions,
): Promise<AggregationResult> {
  const aggregate = (sums: Sums): Promise<AggregationResult> =>
    inSnapshot(postgres, query.filter, options, (statements) =>
      answer(query, new AggregationSql(query, sums), statements),
    );
  try {
    return await aggregate('fast');
  } catch (error) {
    if (sqlStateOf(error) !== outOfRange) throw error;
    return aggregate('wide');
  }
}

async function answer(
  query: AggregationQuery,
  sql: AggregationSql,
  statements: Statements,
): Promise<AggregationResult> {
  const { filter, groupBy, interval, limit } = query;
  const run = async (statement: Statement): Promise<readonly Row[]> =>
    (await statements.query(statement.sql, statement.values)).rows;

  const groupRows = groupBy.length === 0 ? [] : await run(sql.groups(limit + 1));
  const summed =
    groupRows.length > 0 && query.only === undefined && isSumOfGroups(query)
      ? groupRows[0]?.total
      : undefined;
  const total =
    typeof summed === 'number'
      ? summed
      : (readValue((await run(sql.total()))[0]) ?? emptyValue(query.metric));
  const groups = groupRows.slice(0, limit).map((row) => readGroup(row, groupBy.length));
  const keys = groups.map((group) => group.keys);
  const seriesRows = interval === undefined ? [] : await run(sql.series(interval, longestSeries + 1));
  const groupSeriesRows =
    interval === undefined || groups.length === 0
      ? []
      : await run(sql.groupSeries(interval, keys, longestSeries + 1));
  const isCutOff = groupRows.length > limit || query.only !== undefined;
  const rest: SeriesRest =
    interval === undefined || !isCutOff
      ? 'none'
      : isSumOfGroups(query)
        ? 'difference'
        : (await run(sql.otherSeries(interval, keys, longestSeries + 1))).map((row) => ({
            time: Number(row.bucket),
            total: readValue(row),
          }));
  if (seriesRows.length > longestSeries || groupSeriesRows.length > longestSeries) throw seriesTooLong();

  const result: AggregationResult = {
    aggregations: nestGroups(groups),
    total,
    period: { start: isoOrNull(filter.start), end: isoOrNull(filter.end) },
  };
  if (isCutOff) {
    result.other =
      isSumOfGroups(query) && total !== null
        ? groups.reduce((rest, { value }) => rest - (value ?? 0), total)
        : readValue((await run(sql.other(keys)))[0]);
  }
  if (interval !== undefined) {
    result.series = joinSeries(
      query,
      interval,
      seriesRows.map((row) => ({ time: Number(row.bucket), total: readValue(row) })),
      groupSeriesRows.map((row) => ({ time: Number(row.bucket), group: readGroup(row, groupBy.length) })),
      rest,
    );
  }
  return result;
}

function readGroup(row: Row, depth: number): { keys: string[]; value: number | null } {
  const keys = Array.from({ length: depth }, (_, i) => String(row[`key${i + 1}`]));
  return { keys, value: readValue(row) };
}

/** JSON has no infinity. */
function readValue(row: Row | undefined): number | null {
  const value = row?.value;
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}

function isoOrNull(milliseconds: number | undefined): string | null {
  return milliseconds === undefined ? null : new Date(milliseconds).toISOString();
}

function seriesTooLong() {
  const message = `the series has more than ${longestSeries} points; choose a longer interval`;
  return validationError([{ field: 'interval', message }]);
}
