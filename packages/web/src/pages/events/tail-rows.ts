import type { Event } from '@streamflow/contracts';

/** Rows of the tail; older ones give way. */
export const mostRows = 1000;

/** Each event once, newest first, as the store would list them. */
export function mergeRows(known: readonly Event[], told: readonly Event[]): readonly Event[] {
  const byId = new Map(known.map((event) => [event.id, event]));
  for (const event of told) byId.set(event.id, event);
  return [...byId.values()]
    .sort((a, b) => compare(b.timestamp, a.timestamp) || compare(b.id, a.id))
    .slice(0, mostRows);
}

/** The rows with the newest ones of the store; without those before a time of which not all are known. */
export function continueRows(
  known: readonly Event[],
  listed: readonly Event[],
  pageSize: number,
): readonly Event[] {
  const ids = new Set(known.map(({ id }) => id));
  const oldest = listed.at(-1);
  const whole = oldest === undefined || listed.length < pageSize || listed.some(({ id }) => ids.has(id));
  return mergeRows(whole ? known : known.filter(({ timestamp }) => timestamp >= oldest.timestamp), listed);
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
