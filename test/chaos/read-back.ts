import { Client } from 'pg';
import { jsonOf, linesOf } from './answers.ts';
import type { Cluster } from './cluster.ts';
import { noteOf, sourceOf, typeOf } from './load-event.ts';
import { compareCounts, recountTables } from './roll-ups.ts';
import type { StoredEvents } from './stored-events.ts';
import { now, wait } from './timing.ts';

export interface ReadBack {
  /** Every row of a fault's events, or of all. */
  events(fault: string | null): Promise<StoredEvents>;
  /** How many rows there are of a fault's events. */
  count(fault: string): Promise<number>;
  /** Where what is kept beside the rows differs from them; `stored` is all of them. */
  differingTotals(stored: StoredEvents): Promise<readonly string[]>;
}

interface Row {
  readonly id: string;
  readonly type: string;
  readonly data: { readonly n: number; readonly note: string };
}

/** @param patienceMs how long storage may be coming back from a fault. */
export function createReadBack(cluster: Cluster, patienceMs: number): ReadBack {
  const ask = (path: string): Promise<Response> => askStorage(cluster, path, patienceMs);
  const read = cluster.shape.readBack === 'sql' ? bySql(cluster) : byExport(ask);
  return {
    count: read.count,
    async events(fault) {
      const stored: StoredEvents = new Map();
      for await (const { id, type, data } of read.rows(fault)) {
        const intact = type === typeOf(data.n) && data.note === noteOf(data.n);
        const known = stored.get(id);
        if (known === undefined) stored.set(id, { type, times: 1, intact });
        else {
          known.times += 1;
          known.intact &&= intact;
        }
      }
      return stored;
    },
    async differingTotals(stored) {
      const answer = await ask('/events/aggregations?metric=count&group_by=type&limit=1000');
      const { aggregations } = await jsonOf<{ aggregations: Record<string, number> }>(answer);
      return [
        ...compareCounts(stored, new Map(Object.entries(aggregations))),
        ...(cluster.postgres === null ? [] : await connected(cluster, recountTables)),
      ];
    },
  };
}

interface Rows {
  rows(fault: string | null): AsyncIterable<Row>;
  count(fault: string): Promise<number>;
}

/** By the export of a storage replica, which is all that there is where the engine is inside the process. */
function byExport(ask: (path: string) => Promise<Response>): Rows {
  return {
    async *rows(fault) {
      const filter = fault === null ? '' : `&source=${encodeURIComponent(sourceOf(fault))}`;
      const answer = await ask(`/events/export?format=ndjson${filter}`);
      for await (const line of linesOf(answer)) {
        if (line === '') continue;
        const row: Row = JSON.parse(line);
        yield row;
      }
    },
    async count(fault) {
      const source = encodeURIComponent(sourceOf(fault));
      const answer = await ask(`/events/aggregations?metric=count&source=${source}`);
      const { total } = await jsonOf<{ total: number }>(answer);
      return total;
    },
  };
}

/** Asks the replicas of storage in turn, as long as they may still be coming back from a fault. */
async function askStorage(cluster: Cluster, path: string, patienceMs: number): Promise<Response> {
  const replicas = cluster.having('storage');
  const headers = { authorization: `Bearer ${cluster.key}` };
  const deadline = now() + patienceMs;
  let last = 'no answer';
  for (let turn = 0; now() < deadline; turn++) {
    const url = replicas[turn % replicas.length]?.url('storage', path);
    const answer = url === undefined ? null : await fetch(url, { headers }).catch(() => null);
    if (answer?.status === 200) return answer;
    if (answer !== null) last = `${answer.status} ${await answer.text()}`;
    await wait(200);
  }
  throw new Error(`${path} was not answered: ${last}`);
}

/** From the tables themselves, past the proxies and all of our code. */
function bySql(cluster: Cluster): Rows {
  return {
    async *rows(fault) {
      const found = await connected(cluster, async (client) => {
        const columns = 'id::text AS id, type, data::text AS data';
        const { rows } = await (fault === null
          ? client.query<{ id: string; type: string; data: string }>(`SELECT ${columns} FROM events`)
          : client.query<{ id: string; type: string; data: string }>(
              `SELECT ${columns} FROM events WHERE source = $1`,
              [sourceOf(fault)],
            ));
        return rows;
      });
      for (const { id, type, data } of found) {
        const content: Row['data'] = JSON.parse(data);
        yield { id, type, data: content };
      }
    },
    count: (fault) =>
      connected(cluster, async (client) => {
        const { rows } = await client.query<{ total: number }>(
          'SELECT count(*)::int AS total FROM events WHERE source = $1',
          [sourceOf(fault)],
        );
        return rows[0]?.total ?? 0;
      }),
  };
}

async function connected<T>({ postgres }: Cluster, use: (client: Client) => Promise<T>): Promise<T> {
  if (postgres === null) throw new Error('The shape has no PostgreSQL');
  const { port, user, database } = postgres;
  const client = new Client({ host: '127.0.0.1', port, user, database });
  await client.connect();
  try {
    return await use(client);
  } finally {
    await client.end();
  }
}
