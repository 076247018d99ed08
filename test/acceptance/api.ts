import type { AggregationResult, Event } from '@streamflow/contracts';
import type { ServerProcess } from './server-process.ts';
import { administrator, wait } from './server-process.ts';

export interface NewEvent {
  readonly id: string;
  readonly type: string;
  readonly source: string;
  readonly timestamp: string;
  readonly user_id?: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** Signs in and resolves with the token; it outlives the process, as a client's would. */
export async function signIn(server: ServerProcess): Promise<string> {
  const answer = await fetch(server.url('ingestion', '/auth/login'), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(administrator),
  });
  if (answer.status !== 200) throw new Error(`Sign-in answered ${answer.status}: ${await answer.text()}`);
  const body: { access_token: string } = await answer.json();
  return body.access_token;
}

export function post(server: ServerProcess, token: string, path: string, body: unknown): Promise<Response> {
  return fetch(server.url('ingestion', path), {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    body: JSON.stringify(body),
  });
}

export function read(server: ServerProcess, token: string, path: string): Promise<Response> {
  return fetch(server.url('storage', path), { headers: { authorization: `Bearer ${token}` } });
}

export async function count(server: ServerProcess, token: string, query = ''): Promise<AggregationResult> {
  const answer = await read(server, token, `/events/aggregations?metric=count${query}`);
  if (answer.status !== 200) throw new Error(`Counting answered ${answer.status}: ${await answer.text()}`);
  return answer.json();
}

/** Waits until the store has so many events; resolves with what it has then, or has at the deadline. */
export async function countUntil(
  server: ServerProcess,
  token: string,
  atLeast: number,
  withinMs = 10_000,
): Promise<number | null> {
  const deadline = Date.now() + withinMs;
  for (;;) {
    const { total } = await count(server, token);
    if ((total ?? 0) >= atLeast || Date.now() > deadline) return total;
    await wait(50);
  }
}

/** How often each id is in the store, as the export has it. */
export async function storedIds(server: ServerProcess, token: string): Promise<Map<string, number>> {
  const answer = await read(server, token, '/events/export?format=ndjson');
  if (answer.status !== 200) throw new Error(`The export answered ${answer.status}: ${await answer.text()}`);
  const times = new Map<string, number>();
  for (const line of (await answer.text()).split('\n')) {
    if (line === '') continue;
    const { id }: Event = JSON.parse(line);
    times.set(id, (times.get(id) ?? 0) + 1);
  }
  return times;
}
