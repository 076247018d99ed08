import type { AggregationResult } from '@streamflow/contracts';
import { type StreamFlowError, validationError } from '../../../domain/errors.ts';
import type { AggregationQuery } from '../../../domain/queries/event-query.ts';
import {
  emptyValue,
  isSumOfGroups,
  joinSeries,
  longestSeries,
  nestGroups,
  type SeriesRest,
} from '../aggregation-shape.ts';
import type { ReadOptions } from '../port.ts';
import { AggregationSql, type QuantileKind, type Statement } from './aggregate-sql.ts';
import { read } from './reading.ts';
import { exceededMemory, type Row, type Statements } from './statements.ts';

export async function aggregateEvents(
  statements: Statements,
  query: AggregationQuery,
  options: ReadOptions,
): Promise<AggregationResult> {
  try {
    return await aggregate(statements, query, options, 'exact');
  } catch (error) {
    // Exact quantiles keep every value; a sketch of bounded size answers where they do not fit into memory.
    if (!query.metric.startsWith('p') || !exceededMemory(error)) throw error;
    return aggregate(statements, query, options, 'sketch');
  }
}

async function aggregate(
  statements: Statements,
  query: AggregationQuery,
  { signal }: ReadOptions,
  quantiles: QuantileKind,
): Promise<AggregationResult> {
  const readsProperties =
    query.filter.properties !== undefined ||
    query.field !== undefined ||
    query.groupBy.some((key) => key.kind !== 'field');
  return read(statements, query.filter, readsProperties, signal, async (reading) => {
    const run = ({ sql, parameters }: Statement): Promise<Row[]> =>
      statements.rows(sql, parameters, { signal, settings: reading.settings });
    return answer(query, new AggregationSql(query, reading, quantiles), run);
  });
}

async function answer(
  query: AggregationQuery,
  sql: AggregationSql,
  run: (statement: Statement) => Promise<Row[]>,
): Promise<AggregationResult> {
  const { filter, groupBy, interval, limit } = query;
  const { total, seriesRows, groupRows } = await askTotals(query, sql, run);
  const groups = groupRows.slice(0, limit).map((row) => readGroup(row, groupBy.length));
  const keys = groups.map((group) => group.keys);
  const isCutOff = groupRows.length > limit || query.only !== undefined;
  const noRest: SeriesRest = 'none';
  const [other, groupSeriesRows, rest] = await Promise.all([
    isCutOff ? otherValue(query, total, groups, () => run(sql.other(keys))) : undefined,
    interval === undefined || groups.length === 0
      ? []
      : run(sql.groupSeries(interval, keys, longestSeries + 1)),
    interval === undefined || !isCutOff
      ? noRest
      : seriesRest(query, () => run(sql.otherSeries(interval, keys, longestSeries + 1))),
  ]);
  if (seriesRows.length > longestSeries || groupSeriesRows.length > longestSeries) throw seriesTooLong();

  const result: AggregationResult = {
    aggregations: nestGroups(groups),
    total,
    period: { start: isoOrNull(filter.start), end: isoOrNull(filter.end) },
  };
  if (other !== undefined) result.other = other;
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

interface Totals {
  readonly total: number | null;
  readonly seriesRows: readonly Row[];
  /** The largest groups, and one more when there are more. */
  readonly groupRows: readonly Row[];
}

async function askTotals(
  { metric, groupBy, interval, limit, only }: AggregationQuery,
  sql: AggregationSql,
  run: (statement: Statement) => Promise<Row[]>,
): Promise<Totals> {
  if (
    metric === 'count' &&
    groupBy.length > 0 &&
    interval === undefined &&
    only === undefined &&
    !sql.byTag
  ) {
    const groupRows = await run(sql.countedGroups(limit + 1));
    return { total: Number(groupRows[0]?.total ?? 0), seriesRows: [], groupRows };
  }
  // The total comes first, then the intervals if any.
  const [[totalRow, ...seriesRows], groupRows] = await Promise.all([
    run(interval === undefined ? sql.total() : sql.series(interval, longestSeries + 2)),
    groupBy.length === 0 ? [] : run(sql.groups(limit + 1)),
  ]);
  return { total: readValue(totalRow) ?? emptyValue(metric), seriesRows, groupRows };
}

/** What the limit cut off; counts need no query, unless an event is in several groups. */
async function otherValue(
  query: AggregationQuery,
  total: number | null,
  kept: readonly { readonly value: number | null }[],
  ask: () => Promise<Row[]>,
): Promise<number | null> {
  if (!isSumOfGroups(query) || total === null) return readValue((await ask())[0]);
  return kept.reduce((rest, { value }) => rest - (value ?? 0), total);
}

async function seriesRest(query: AggregationQuery, ask: () => Promise<Row[]>): Promise<SeriesRest> {
  if (isSumOfGroups(query)) return 'difference';
  return (await ask()).map((row) => ({ time: Number(row.bucket), total: readValue(row) }));
}

function readGroup(row: Row, depth: number): { keys: string[]; value: number | null } {
  const keys = Array.from({ length: depth }, (_, i) => String(row[`key${i + 1}`]));
  return { keys, value: readValue(row) };
}

function readValue(row: Row | undefined): number | null {
  const value = row?.value;
  return typeof value === 'number' ? value : null;
}

function isoOrNull(milliseconds: number | undefined): string | null {
  return milliseconds === undefined ? null : new Date(milliseconds).toISOString();
}

function seriesTooLong(): StreamFlowError {
  return validationError([
    {
      field: 'interval',
      message: `the series has more than ${longestSeries} points; choose a longer interval`,
    },
  ]);
}
