import type { BlockLine } from './block-lines.ts';
import type { Row, Statements } from './statements.ts';

/** Ids of a project that are stored already, by project. */
export type KnownIds = ReadonlyMap<string, ReadonlySet<string>>;

/** Above this many stored ids between the first and the last of a block, its ids are looked up by name. */
const widestRange = 100_000;

const range = 'toUInt128(id) BETWEEN toUInt128({first:UUID}) AND toUInt128({last:UUID})';
const countInRange = `SELECT count() AS stored FROM events WHERE ${range}`;
const inRange = `SELECT project, toString(id) AS known FROM events WHERE ${range}`;

// No two look-ups are the same: remembering which granules fit would only take memory.
const uncached = { settings: { use_query_condition_cache: 0 } } as const;

const byName = `
SELECT project, toString(id) AS known FROM events
WHERE id IN (SELECT toUUID(arrayJoin(splitByChar(',', {ids:String}))))`;

/**
 * Which ids of a block are stored already, whenever that was. UUIDv7 ids that were made at about the same time are
 * neighbours in the projection by id: all that is stored between the first and the last is read, mostly nothing.
 * Random ids, and those of a long time, are looked up one by one.
 */
export async function findKnownIds(statements: Statements, lines: readonly BlockLine[]): Promise<KnownIds> {
  const ids = lines.map((line) => line.id).sort();
  const first = ids[0];
  const last = ids.at(-1);
  if (first === undefined || last === undefined) return new Map();
  if (madeByTime(first) && madeByTime(last)) {
    const [row] = await statements.rows(countInRange, { first, last }, uncached);
    const stored = Number(row?.stored ?? 0);
    if (stored === 0) return new Map();
    if (stored <= widestRange) return group(await statements.rows(inRange, { first, last }, uncached));
  }
  return group(await statements.rows(byName, { ids: ids.join(',') }, uncached));
}

const madeByTime = (id: string): boolean => id[14] === '7';

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
