import type { BlockLine } from '../block-lines.ts';
import { isUuid, rowsWithIds, unrepeated } from './id-list-sql.ts';
import type { Row, Statements } from './statements.ts';

/** Ids of a project that are stored already, by project. */
export type KnownIds = ReadonlyMap<string, ReadonlySet<string>>;

/** Above this many stored ids between the first and the last of a block, its ids are looked up one by one. */
const widestRange = 100_000;

const columns = 'project, toString(id) AS known';
const range = 'toUInt128(id) BETWEEN toUInt128({first:UUID}) AND toUInt128({last:UUID})';
const countInRange = `SELECT count() AS stored FROM events WHERE ${range}`;
const inRange = `SELECT ${columns} FROM events WHERE ${range}`;

/**
 * Which ids of a block are stored already, whenever that was. UUIDv7 ids that were made at about the same time are
 * neighbours in the projection by id: all that is stored between the first and the last is read, mostly nothing.
 * Random ids, and those of a long time, are looked up one by one.
 */
export async function findKnownIds(statements: Statements, lines: readonly BlockLine[]): Promise<KnownIds> {
  const ids: string[] = [];
  let first = '~';
  let last = '';
  for (const { id } of lines) {
    if (!isUuid(id)) continue;
    ids.push(id);
    if (id < first) first = id;
    if (id > last) last = id;
  }
  if (ids.length === 0) return new Map();
  if (isOrderedByTime(first) && isOrderedByTime(last)) {
    const options = { settings: unrepeated };
    const [row] = await statements.rows(countInRange, { first, last }, options);
    const stored = Number(row?.stored ?? 0);
    if (stored === 0) return new Map();
    if (stored <= widestRange) return group(await statements.rows(inRange, { first, last }, options));
  }
  return group(await rowsWithIds(statements, columns, ids));
}

/** UUIDv7 begin with the time at which they were made. */
const isOrderedByTime = (id: string): boolean => id[14] === '7';

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
