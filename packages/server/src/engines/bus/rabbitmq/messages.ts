import { EventBatchHeaders, eventRoutingKey } from '@streamflow/contracts';
import type { Envelope, HeaderFields } from 'rabbitmq-client';
import { Check } from 'typebox/value';
import type { DeadLetter, EventBatch, EventQueue } from '../port.ts';

/** What the broker and we add to a batch's own headers. */
const added = /^(x-|dead_)/;

export function batchEnvelope(batch: EventBatch, exchange: string, id: string): Envelope {
  return {
    exchange,
    routingKey: eventRoutingKey(batch.headers.type),
    messageId: id,
    contentType: 'application/x-ndjson',
    durable: true,
    mandatory: true,
    headers: batch.headers,
  };
}

type Message = HeaderFields & { readonly body: unknown };

/** Undefined when the message is none of ours. */
export function decodeBatch(message: Message): EventBatch | undefined {
  const own = Object.fromEntries(Object.entries(message.headers ?? {}).filter(([name]) => !added.test(name)));
  if (!Buffer.isBuffer(message.body) || !Check(EventBatchHeaders, own)) return undefined;
  return { headers: own, body: message.body };
}

export function deadLetterEnvelope(letter: DeadLetter, exchange: string, id: string): Envelope {
  return {
    ...batchEnvelope(letter.batch, exchange, id),
    headers: {
      ...letter.batch.headers,
      dead_reason: letter.reason,
      dead_queue: letter.queue,
      dead_at: letter.at,
    },
  };
}

export function decodeDeadLetter(message: Message): DeadLetter | undefined {
  const batch = decodeBatch(message);
  if (batch === undefined) return undefined;
  const { dead_reason: reason, dead_queue: queue, dead_at: at } = message.headers ?? {};
  if (typeof reason === 'string' && typeof at === 'number') {
    return { batch, reason, queue: queueOf(queue), at };
  }
  // The broker gave it up itself, from the only queue that has these dead letters: expired, or delivered too often.
  const brokerReason: unknown = message.headers?.['x-first-death-reason'];
  return { batch, reason: `broker: ${String(brokerReason)}`, queue: 'events.storage', at: diedAt(message) };
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

const queueOf = (name: unknown): EventQueue =>
  name === 'events.analytics' ? 'events.analytics' : 'events.storage';
