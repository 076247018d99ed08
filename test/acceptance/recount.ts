import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { createGunzip } from 'node:zlib';

/*
 * Counts a file of records anew, from nothing but the file: what the store says must equal it. Imports none of our own
 * sources, so that no mistake is made twice in the same way.
 */

export interface Recount {
  readonly total: number;
  /** Records by the value of the user field; those without one are not in it. */
  readonly byUser: ReadonlyMap<string, number>;
  /** Records by the hour of their time, `YYYY-MM-DDTHH:00:00.000Z`. */
  readonly byHour: ReadonlyMap<string, number>;
  /** Records by the value of another field, as text. */
  readonly byField: ReadonlyMap<string, number>;
  /** Sum of a numeric field. */
  readonly sum: number;
}

export interface RecountFields {
  readonly time: string;
  readonly user: string;
  readonly field: string;
  readonly number: string;
}

export async function recount(file: string, fields: RecountFields): Promise<Recount> {
  const byUser = new Map<string, number>();
  const byHour = new Map<string, number>();
  const byField = new Map<string, number>();
  const add = (counts: Map<string, number>, key: string) => counts.set(key, (counts.get(key) ?? 0) + 1);
  let total = 0;
  let sum = 0;
  const lines = createInterface({
    input: createReadStream(file).pipe(createGunzip()),
    crlfDelay: Number.POSITIVE_INFINITY,
  });
  for await (const line of lines) {
    if (line === '') continue;
    const record: Record<string, unknown> = JSON.parse(line);
    total += 1;
    const user = record[fields.user];
    if (typeof user === 'string') add(byUser, user);
    // The text itself says the hour: both files are in UTC.
    add(byHour, `${String(record[fields.time]).slice(0, 13)}:00:00.000Z`);
    const value = record[fields.field];
    add(byField, value === undefined || value === null ? 'null' : String(value));
    const number = record[fields.number];
    if (typeof number === 'number') sum += number;
  }
  return { total, byUser, byHour, byField, sum };
}
