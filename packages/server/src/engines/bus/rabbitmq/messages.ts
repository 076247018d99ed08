import { createHash } from 'node:crypto';
import { EventBatchHeaders, eventRoutingKey } from '@streamflow/contracts';
import type { HeaderFields } from 'rabbitmq-client';
import { Compile } from 'typebox/compile';
import type { DeadLetter, EventBatch, EventQueue } from '../port.ts';
import type { OutgoingMessage } from './outgoing-message.ts';

const batchHeaders = Compile(EventBatchHeaders);

/** What the broker and we add to a message's own headers. */
const added = /^(x-|dead_)/;
const contentType = 'application/x-ndjson';
/** Ids stand in addresses; others than ours may be anything. */
const plainId = /^[\w-]{1,64}$/;

export type Message = HeaderFields & { readonly body?: unknown };

export function batchMessage(batch: EventBatch, exchange: string, id: string): OutgoingMessage {
  return {
    exchange,
    routingKey: eventRoutingKey(batch.headers.type),
    id,
    contentType,
    headers: batch.headers,
    body: batch.body,
    persistent: true,
    mandatory: true,
  };
}

export type Decoded =
  | { readonly batch: EventBatch }
  /** Why the message is none of ours. */
  | { readonly defect: string };

export function decodeBatch(message: Message): Decoded {
  const headers = ownHeaders(message);
  if (!batchHeaders.Check(headers)) {
    const [issue] = batchHeaders.Errors(headers);
    return { defect: `headers${issue?.instancePath ?? ''}: ${issue?.message ?? 'not those of a batch'}` };
  }
  const body = bodyOf(message);
  const lines = countLines(body);
  if (lines !== headers.count)
    return { defect: `body: ${lines} lines where the headers say ${headers.count}` };
  return { batch: { headers, body } };
}

/** A body that does not end with a line feed has no whole last line, so that no count fits it. */
function countLines(body: Buffer): number {
  let lines = 0;
  for (let at = body.indexOf(10); at !== -1; at = body.indexOf(10, at + 1)) lines++;
  return body.at(-1) === 10 ? lines : Number.NaN;
}

export interface Burial {
  readonly queue: EventQueue;
  readonly reason: string;
  readonly at: number;
}

/** A message on its way to the dead letters. Headers that are not a batch's travel as text, since they may be anything. */
export function deadMessage(message: Message, exchange: string, id: string, burial: Burial): OutgoingMessage {
  const own = ownHeaders(message);
  return {
    exchange,
    routingKey: burial.queue,
    id,
    contentType,
    headers: {
      ...(batchHeaders.Check(own) ? own : { dead_headers: JSON.stringify(own) }),
      dead_reason: burial.reason,
      dead_queue: burial.queue,
      dead_at: burial.at,
    },
    body: bodyOf(message),
    persistent: true,
    mandatory: true,
  };
}

export function decodeDeadLetter(message: Message): DeadLetter {
  const { dead_reason: reason, dead_queue: queue, dead_at: at, dead_headers: text } = message.headers ?? {};
  const headers = typeof text === 'string' ? parseHeaders(text) : ownHeaders(message);
  const body = bodyOf(message);
  const decoded = decodeBatch({ headers, body });
  const common = {
    id: deadLetterId(message, headers, body),
    batch: 'batch' in decoded ? decoded.batch.headers : null,
    bytes: body.length,
    headers,
    body,
  };
  if (typeof reason === 'string' && typeof at === 'number') {
    return { ...common, reason, queue: queue === 'events.analytics' ? queue : 'events.storage', at };
  }
  // The broker gave it up itself, from the only queue that has these dead letters: expired, or delivered too often.
  const brokerReason: unknown = message.headers?.['x-first-death-reason'];
  return {
    ...common,
    reason: `broker: ${String(brokerReason)}`,
    queue: 'events.storage',
    at: diedAt(message),
  };
}

/** The same at every look at a message. */
function deadLetterId({ messageId }: Message, headers: OutgoingMessage['headers'], body: Buffer): string {
  if (messageId !== undefined && plainId.test(messageId)) return messageId;
  const content = createHash('sha256').update(JSON.stringify([messageId, headers]));
  return content.update(body).digest('hex').slice(0, 32);
}

/** Published again, to its queue alone. */
export function replayMessage(letter: DeadLetter, queueName: string, id: string): OutgoingMessage {
  return {
    exchange: '',
    routingKey: queueName,
    id,
    contentType,
    headers: letter.batch === null ? letter.headers : { ...letter.batch, client_ids: true },
    body: letter.body,
    persistent: true,
    mandatory: true,
  };
}

function ownHeaders(message: Message): OutgoingMessage['headers'] {
  const headers = message.headers ?? {};
  for (const name in headers) {
    if (added.test(name))
      return Object.fromEntries(Object.entries(headers).filter(([each]) => !added.test(each)));
  }
  return headers;
}

function parseHeaders(text: string): OutgoingMessage['headers'] {
  const headers: unknown = JSON.parse(text);
  return typeof headers === 'object' && headers !== null ? { ...headers } : {};
}

/** The client reads bodies that call themselves text or JSON, which ours never do. */
function bodyOf({ body }: Message): Buffer {
  if (Buffer.isBuffer(body)) return body;
  return Buffer.from(typeof body === 'string' ? body : JSON.stringify(body ?? ''));
}

/** Milliseconds; the broker notes seconds. */
function diedAt(message: Message): number {
  const deaths: unknown = message.headers?.['x-death'];
  const latest: unknown = Array.isArray(deaths) ? deaths[0] : undefined;
  if (typeof latest !== 'object' || latest === null || !('time' in latest)) return 0;
  const { time } = latest;
  if (time instanceof Date) return time.getTime();
  return typeof time === 'number' ? time * 1000 : 0;
}
