import { WebSocket } from 'ws';
import { jsonOf } from './answers.ts';
import type { Cluster } from './cluster.ts';
import { until, within } from './timing.ts';

/*
 * What the live metrics say of the seconds of a span, beside what is stored of them: the counts that a dashboard shows
 * when it connects, and a recount by the storage service.
 */

type Counts = ReadonlyMap<number, number>;

const second = 1000;
const answerMs = 5000;

interface Snapshot {
  readonly type: string;
  readonly timestamp: string;
  readonly seconds: readonly { readonly timestamp: string; readonly events_total: number }[];
}

interface Series {
  readonly series: readonly { readonly timestamp: string; readonly total: number }[];
}

/** Waits until both are the same for each second from a time up to another; resolves with what differs in the end. */
export async function differingSeconds(
  cluster: Cluster,
  from: number,
  to: number,
  withinMs: number,
): Promise<readonly string[]> {
  let differing: readonly string[] = ['the live figures could not be had'];
  await until(
    withinMs,
    async () => {
      try {
        const [live, stored] = await Promise.all([liveCounts(cluster), storedCounts(cluster, from, to)]);
        differing = differences(live, stored, from, to);
      } catch (error) {
        differing = [`the live figures could not be had: ${String(error)}`];
      }
      return differing.length === 0;
    },
    250,
  );
  return differing;
}

function differences(live: Counts, stored: Counts, from: number, to: number): readonly string[] {
  const found: string[] = [];
  for (let at = from; at < to; at += second) {
    const [shown, there] = [live.get(at) ?? 0, stored.get(at) ?? 0];
    if (shown !== there) found.push(`${new Date(at).toISOString()}: ${shown} shown, ${there} stored`);
  }
  return found;
}

/** The first frame of the socket. */
async function liveCounts({ having, key }: Cluster): Promise<Counts> {
  const [dashboard] = having('dashboard');
  if (dashboard === undefined) throw new Error('The shape has no dashboard');
  const url = dashboard.url('dashboard', '/ws/metrics').replace('http', 'ws');
  const socket = new WebSocket(url, { headers: { authorization: `Bearer ${key}` } });
  try {
    const frame = new Promise<Snapshot>((resolve, reject) => {
      socket.on('message', (data) => resolve(JSON.parse(String(data))));
      socket.on('error', reject);
      socket.on('close', () => reject(new Error('closed')));
    });
    const { type, seconds } = await within(answerMs, 'a snapshot', frame);
    if (type !== 'snapshot') throw new Error(`the first frame is ${type}`);
    return new Map(seconds.map(({ timestamp, events_total: total }) => [Date.parse(timestamp), total]));
  } finally {
    socket.removeAllListeners();
    socket.on('error', () => {});
    socket.terminate();
  }
}

async function storedCounts({ having, key }: Cluster, from: number, to: number): Promise<Counts> {
  const [storage] = having('storage');
  if (storage === undefined) throw new Error('The shape has no storage');
  const span = `start=${new Date(from).toISOString()}&end=${new Date(to).toISOString()}`;
  const answer = await fetch(
    storage.url('storage', `/events/aggregations?metric=count&interval=1s&${span}`),
    {
      headers: { authorization: `Bearer ${key}` },
      signal: AbortSignal.timeout(answerMs),
    },
  );
  if (answer.status !== 200) throw new Error(`${answer.status} ${await answer.text()}`);
  const { series } = await jsonOf<Series>(answer);
  return new Map(series.map(({ timestamp, total }) => [Date.parse(timestamp), total]));
}
