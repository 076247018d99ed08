import type { AggregationResult } from '@streamflow/contracts';
import { StreamFlowError, validationError } from '../../../domain/errors.ts';
import type { AggregationQuery } from '../../../domain/queries/event-query.ts';
import type { ReadOptions } from '../port.ts';
import { AggregationSql, type QuantileKind, type Statement } from './aggregate-sql.ts';
import { joinSeries, longestSeries, nestGroups } from './aggregation-shape.ts';
import { readingOf } from './reading.ts';
import { type Row, StatementError, type Statements } from './statements.ts';

/** MEMORY_LIMIT_EXCEEDED */
const memoryLimit = 241;

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
  const { filter, groupBy, interval, limit } = query;
  const readsProperties =
    filter.properties !== undefined ||
    query.field !== undefined ||
    groupBy.some((key) => key.kind === 'property');
  const reading = await readingOf(statements, filter, readsProperties, signal);
  const sql = new AggregationSql(query, reading, quantiles);
  const run = ({ sql: text, parameters }: Statement): Promise<Row[]> =>
    statements.rows(text, parameters, { signal, settings: reading.settings });
  const runSeries = async (statement: Statement): Promise<Row[]> => {
    const rows = await run(statement);
    if (rows.length > longestSeries) throw seriesTooLong();
    return rows;
  };

  const [totalRows, groupRows, seriesRows] = await Promise.all([
    run(sql.total()),
    groupBy.length === 0 ? [] : run(sql.groups(limit + 1)),
    interval === undefined ? [] : runSeries(sql.series(interval, longestSeries + 1)),
  ]);
  const groups = groupRows.slice(0, limit).map((row) => readGroup(row, groupBy.length));
  const keys = groups.map((group) => group.keys);
  const [otherRows, groupSeriesRows] = await Promise.all([
    groupRows.length > limit ? run(sql.other(keys)) : [],
    interval === undefined || groups.length === 0
      ? []
      : runSeries(sql.groupSeries(interval, keys, longestSeries + 1)),
  ]);

  const result: AggregationResult = {
    aggregations: nestGroups(groups),
    total: readValue(totalRows[0]),
    period: { start: isoOrNull(filter.start), end: isoOrNull(filter.end) },
  };
  if (groupRows.length > limit) result.other = readValue(otherRows[0]);
  if (interval !== undefined) {
    result.series = joinSeries(
      query,
      interval,
      seriesRows.map((row) => ({ time: Number(row.bucket), total: readValue(row) })),
      groupSeriesRows.map((row) => ({ time: Number(row.bucket), group: readGroup(row, groupBy.length) })),
    );
  }
  return result;
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

function exceededMemory(error: unknown): boolean {
  return (
    error instanceof StreamFlowError &&
    error.cause instanceof StatementError &&
    error.cause.code === memoryLimit
  );
}
