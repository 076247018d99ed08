import type { BlockLine } from '../block-lines.ts';
import { isUuid, removedIds, rowsWithIds, unrepeated } from './id-list-sql.ts';
import type { Row, Statements } from './statements.ts';

/** Ids of a project that are stored already, by project. */
export type KnownIds = ReadonlyMap<string, ReadonlySet<string>>;

/** Above this many stored ids between the first and the last of a block, its ids are looked up one by one. */
const widestRange = 100_000;

/** Ids from a parameter `first` to a parameter `last`, by way of the projection by id. */
export const idRangeSql = 'toUInt128(id) BETWEEN toUInt128({first:UUID}) AND toUInt128({last:UUID})';

/** Ranges that a block is looked up by; ids beyond them are looked up one by one. */
const mostRanges = 4;

interface IdRange {
  first: string;
  last: string;
  readonly ids: string[];
}

/** Which ids of a block are stored already, whenever that was, or were removed and are not forgotten. */
export async function findKnownIds(
  statements: Statements,
  lines: readonly BlockLine[],
  now: number,
): Promise<KnownIds> {
  const ids = lines.map(({ id }) => id);
  return group(
    await rowsOfIds(statements, 'project, toString(id) AS known', ids, ['events', removedIds(now)]),
  );
}

/**
 * Selects from the rows of some tables with these ids, and maybe some of others. Ids that were made together may be
 * neighbours in the projection by id: all that is stored between the first and the last is read, mostly nothing. Those are UUIDv7 of
 * about the same time, and UUIDv8 that begin the same, as an import derives them for the records of one file. Random ids,
 * and those of a long time, are looked up one by one.
 */
export async function rowsOfIds(
  statements: Statements,
  columns: string,
  ids: readonly string[],
  tables: readonly string[] = ['events'],
): Promise<Row[]> {
  const { ranges, others } = gather(ids);
  const spans = ranges.flatMap((range) => tables.map((table) => ({ range, table })));
  const [counts, listed] = await Promise.all([
    countEach(statements, spans),
    rowsWithIds(statements, columns, others, tables),
  ]);
  const within = await Promise.all(
    spans.map(({ range: { first, last, ids: inRange }, table }, index) => {
      const stored = counts[index] ?? 0;
      if (stored === 0) return [];
      if (stored > widestRange) return rowsWithIds(statements, columns, inRange, [table]);
      const sql = `SELECT ${columns} FROM ${table} WHERE ${idRangeSql}`;
      return statements.rows(sql, { first, last }, { settings: unrepeated });
    }),
  );
  return [...listed, ...within.flat()];
}

/** How many ids each span has, by one statement: each costs more than it reads. */
async function countEach(
  statements: Statements,
  spans: readonly { readonly range: IdRange; readonly table: string }[],
): Promise<readonly number[]> {
  if (spans.length === 0) return [];
  const parameters: Record<string, string> = {};
  const counts = spans.map(({ range, table }, index) => {
    parameters[`first${index}`] = range.first;
    parameters[`last${index}`] = range.last;
    const bounds = `toUInt128({first${index}:UUID}) AND toUInt128({last${index}:UUID})`;
    return `(SELECT count() FROM ${table} WHERE toUInt128(id) BETWEEN ${bounds}) AS stored${index}`;
  });
  const [row] = await statements.rows(`SELECT ${counts.join(', ')}`, parameters, { settings: unrepeated });
  return spans.map((_, index) => Number(row?.[`stored${index}`] ?? 0));
}

function gather(all: readonly string[]): { ranges: readonly IdRange[]; others: string[] } {
  const ranges = new Map<string, IdRange>();
  const others: string[] = [];
  for (const id of all) {
    if (!isUuid(id)) continue;
    const key = rangeOf(id);
    const range = key === null ? undefined : ranges.get(key);
    if (range !== undefined) {
      range.ids.push(id);
      if (id < range.first) range.first = id;
      else if (id > range.last) range.last = id;
    } else if (key !== null && ranges.size < mostRanges) ranges.set(key, { first: id, last: id, ids: [id] });
    else others.push(id);
  }
  return { ranges: [...ranges.values()], others };
}

function rangeOf(id: string): string | null {
  if (id[14] === '7') return '7';
  return id[14] === '8' ? id.slice(0, 13) : null;
}

function group(rows: readonly Row[]): KnownIds {
  const known = new Map<string, Set<string>>();
  for (const row of rows) {
    const project = String(row.project);
    const id = String(row.known);
    const ids = known.get(project);
    if (ids === undefined) known.set(project, new Set([id]));
    else ids.add(id);
  }
  return known;
}
