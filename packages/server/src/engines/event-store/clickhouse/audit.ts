import { eventLineLayout } from '@streamflow/contracts';
import { minuteMs } from '../../../domain/ledger/minute.ts';
import {
  type AuditedMinute,
  type AuditQuery,
  auditExamples,
  type EventAudit,
  type ReadOptions,
} from '../port.ts';
import { momentSql } from './filter-sql.ts';
import { unrepeated } from './id-list-sql.ts';
import { SqlParameters } from './sql-parameters.ts';
import type { Statements } from './statements.ts';

/** Ids that one query looks for twins of: a set of them takes some 64 MB, and as much again to count. */
const idsAtOnce = 1_000_000;

/** Counts what is stored by minute of receipt. There are no roll-ups. */
export async function auditEvents(
  statements: Statements,
  query: AuditQuery,
  { signal }: ReadOptions,
): Promise<EventAudit> {
  const [stored, setAside] = await Promise.all([
    countEvents(statements, query, signal),
    countSetAside(statements, query, signal),
  ]);
  let rows = 0;
  for (const count of stored.values()) rows += count;
  const repeatedIds = await findRepeatedIds(statements, query, rows, signal);
  const minutes = [...new Set([...stored.keys(), ...setAside.keys()])].sort((a, b) => a - b);
  return {
    minutes: minutes.map(
      (minute): AuditedMinute => ({
        minute,
        stored: stored.get(minute) ?? 0,
        setAside: setAside.get(minute) ?? 0,
      }),
    ),
    repeatedIds,
    rollUps: null,
  };
}

type Counts = ReadonlyMap<number, number>;

const minuteSql = (moment: string): string => `intDiv(toUnixTimestamp64Milli(${moment}), ${minuteMs})`;

const inRange = (parameters: SqlParameters, moment: string, { from, to }: AuditQuery): string =>
  `${moment} >= ${momentSql(parameters, from)} AND ${moment} < ${momentSql(parameters, to)}`;

async function countEvents(
  statements: Statements,
  query: AuditQuery,
  signal: AbortSignal | undefined,
): Promise<Counts> {
  const parameters = new SqlParameters();
  const sql =
    `SELECT ${minuteSql('received_at')} AS minute, count() AS lines FROM events ` +
    `WHERE project = ${parameters.add('String', query.project)} AND ${inRange(parameters, 'received_at', query)} ` +
    'GROUP BY minute';
  return byMinute(await statements.rows(sql, parameters.values, { signal, settings: unrepeated }));
}

/** Lines that were set aside are read by position, like all event lines; SQL counts characters from 1. */
async function countSetAside(
  statements: Statements,
  query: AuditQuery,
  signal: AbortSignal | undefined,
): Promise<Counts> {
  const parameters = new SqlParameters();
  const { start, end } = eventLineLayout.receivedAt;
  const receivedAt = `parseDateTime64BestEffortOrNull(substring(line, ${start + 1}, ${end - start}), 3, 'UTC')`;
  const project = parameters.add('String', `","project":${JSON.stringify(query.project)},`);
  const sql =
    `SELECT ${minuteSql('assumeNotNull(received)')} AS minute, uniqExact(line) AS lines ` +
    `FROM (SELECT line, ${receivedAt} AS received FROM unreadable_lines ` +
    `WHERE startsWith(substring(line, ${end + 1}), ${project})) ` +
    `WHERE ${inRange(parameters, 'received', query)} GROUP BY minute`;
  return byMinute(await statements.rows(sql, parameters.values, { signal, settings: unrepeated }));
}

function byMinute(rows: Awaited<ReturnType<Statements['rows']>>): Counts {
  return new Map(rows.map((row) => [Number(row.minute) * minuteMs, Number(row.lines)]));
}

/**
 * Looks for the ids of the range among all rows of the project. Ids are dealt by a hash into as many parts as it takes
 * for each to fit into memory, one query each.
 */
async function findRepeatedIds(
  statements: Statements,
  query: AuditQuery,
  rows: number,
  signal: AbortSignal | undefined,
): Promise<EventAudit['repeatedIds']> {
  const parts = Math.ceil(rows / idsAtOnce);
  const examples: string[] = [];
  let count = 0;
  for (let part = 0; part < parts; part++) {
    const parameters = new SqlParameters();
    const mine =
      `project = ${parameters.add('String', query.project)} AND ` +
      `cityHash64(id) % ${parameters.add('UInt32', parts)} = ${parameters.add('UInt32', part)}`;
    const ids = `SELECT id FROM events WHERE ${mine} AND ${inRange(parameters, 'received_at', query)}`;
    const sql =
      'SELECT count() AS repeated, ' +
      `arraySort(groupArraySorted(${parameters.add('UInt32', auditExamples)})(toString(id))) AS examples FROM ` +
      `(SELECT id FROM events WHERE ${mine} AND id IN (${ids}) GROUP BY id HAVING count() > 1)`;
    const [row] = await statements.rows(sql, parameters.values, { signal, settings: unrepeated });
    count += Number(row?.repeated ?? 0);
    if (Array.isArray(row?.examples)) examples.push(...row.examples.map(String));
  }
  return { count, examples: examples.sort().slice(0, auditExamples) };
}
