import { randomUUID } from 'node:crypto';
import type { NewEvent } from './api.ts';
import { post } from './api.ts';
import type { ServerProcess } from './server-process.ts';
import { wait } from './server-process.ts';

/*
 * A load of single events and batches with ids of the client, and its ledger: a request is answered when a 201 came
 * back whole. Anything else, a broken connection or a 503, leaves it unanswered: its events may be stored or not.
 */

export interface LoadRequest {
  readonly path: '/events' | '/events/batch';
  readonly events: readonly NewEvent[];
}

export interface Ledger {
  readonly answered: LoadRequest[];
  readonly unanswered: LoadRequest[];
  /** Answers that are neither: the server refused what it must take. */
  readonly refused: string[];
}

export interface Load {
  readonly ledger: Ledger;
  /** Resolves when so many requests were answered, however fast the machine is. */
  answered(requests: number): Promise<void>;
  /** Lets each sender finish its request, and resolves when all have. */
  end(): Promise<void>;
}

const singleSenders = 8;
const batchSenders = 2;
const batchSize = 100;
const batchPauseMs = 10;

/** An event of a request, or one that was made before and is sent once more. */
export type MakeEvent = () => NewEvent;

export function startLoad(server: ServerProcess, token: string, makeEvent: MakeEvent = newEvent): Load {
  const ledger: Ledger = { answered: [], unanswered: [], refused: [] };
  let ended = false;
  const sender = async (path: LoadRequest['path'], size: number, pauseMs: number): Promise<void> => {
    while (!ended) {
      const request = { path, events: Array.from({ length: size }, makeEvent) };
      await send(server, token, request, ledger);
      await wait(pauseMs);
    }
  };
  const senders = [
    ...Array.from({ length: singleSenders }, () => sender('/events', 1, 0)),
    ...Array.from({ length: batchSenders }, () => sender('/events/batch', batchSize, batchPauseMs)),
  ];
  return {
    ledger,
    async answered(requests) {
      while (ledger.answered.length < requests) await wait(10);
    },
    async end() {
      ended = true;
      await Promise.all(senders);
    },
  };
}

/** Sends the unanswered requests again, with the same ids, until each is answered. */
export async function sendAgain(server: ServerProcess, token: string, ledger: Ledger): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (ledger.unanswered.length > 0 && Date.now() < deadline) {
    for (const request of ledger.unanswered.splice(0)) await send(server, token, request, ledger);
  }
}

async function send(
  server: ServerProcess,
  token: string,
  request: LoadRequest,
  ledger: Ledger,
): Promise<void> {
  const { path, events } = request;
  try {
    const answer = await post(server, token, path, path === '/events' ? events[0] : { events });
    const text = await answer.text();
    if (answer.status === 201) ledger.answered.push(request);
    else if (answer.status === 503) ledger.unanswered.push(request);
    else ledger.refused.push(`${answer.status} ${text}`);
  } catch {
    // The connection broke: whether the server took the events is what the ledger leaves open.
    ledger.unanswered.push(request);
    await wait(20);
  }
}

export const idsOf = (requests: readonly LoadRequest[]): string[] =>
  requests.flatMap(({ events }) => events.map(({ id }) => id));

/** A request takes less, so that an event that is as old is not sent twice within a millisecond. */
const repeatedAfterMs = 100;

/** Makes events of which about every tenth was made before, a while ago. */
export function repeatingEvents(): MakeEvent {
  const made: { readonly at: number; readonly event: NewEvent }[] = [];
  return () => {
    const now = Date.now();
    const earlier = Math.random() < 0.1 ? made[Math.floor(Math.random() * made.length)] : undefined;
    if (earlier !== undefined && now - earlier.at >= repeatedAfterMs) return earlier.event;
    const event = newEvent();
    made.push({ at: now, event });
    return event;
  };
}

function newEvent(): NewEvent {
  return {
    id: randomUUID(),
    type: 'api.request',
    source: 'load',
    timestamp: new Date().toISOString(),
    user_id: `user-${Math.floor(Math.random() * 100)}`,
    data: { path: '/checkout', duration: Math.random(), note: 'x'.repeat(100) },
  };
}
