import { randomUUID } from 'node:crypto';
import { Connection } from 'rabbitmq-client';
import { makeLoadEvent } from '../load-event.ts';
import { now, until } from '../timing.ts';
import type { Fault, FaultContext } from './fault.ts';

/* What a client or a broker may bring twice, and what should never have been sent. */

const repeats = 100;
const twice = 50;
const perBatch = 20;

const acknowledgedAgain: Fault = {
  name: 'clients send again what was acknowledged',
  shapes: ['embedded', 'rabbitmq', 'servers'],
  short: ['embedded'],
  brings: ['suppressed'],
  async run({ load }) {
    await until(10_000, () => load.state().sent > repeats);
    const done = await load.repeat(repeats, 60_000);
    return { liftedAt: now(), problems: done ? [] : ['repeats were not acknowledged'] };
  },
};

interface Envelope {
  readonly routingKey: string;
  readonly headers: Readonly<Record<string, unknown>>;
}

/** A publisher past ingestion, straight to the broker. */
async function withPublisher<T>(
  { cluster }: FaultContext,
  use: (send: (envelope: Envelope, body: Buffer) => Promise<void>, connection: Connection) => Promise<T>,
): Promise<T> {
  if (cluster.rabbitmq === null) throw new Error('The shape has no broker');
  cluster.rabbitmq.ownConnections += 1;
  const connection = new Connection({ url: cluster.rabbitmq.url, connectionName: 'streamflow fault run' });
  connection.on('error', () => {});
  const publisher = connection.createPublisher({ confirm: true });
  try {
    return await use(
      ({ routingKey, headers }, body) =>
        publisher.send(
          { exchange: 'events', routingKey, headers, durable: true, messageId: randomUUID() },
          body,
        ),
      connection,
    );
  } finally {
    await publisher.close();
    await connection.close();
  }
}

/** Lines as ingestion writes them, and the headers that belong to them. */
function batchOf(
  events: readonly ReturnType<typeof makeLoadEvent>[],
  type: string,
): Envelope & { readonly body: Buffer } {
  const lines = events.map(
    (event) =>
      `{"id":"${event.id}","timestamp":"${event.timestamp}","received_at":"${event.timestamp}","project":"default"` +
      `,"type":${JSON.stringify(event.type)},"source":${JSON.stringify(event.source)},"severity":"medium"` +
      `,"correlation_id":null,"session_id":null,"user_id":${JSON.stringify(event.user_id)},"tags":[],"metadata":{}` +
      `,"data":${JSON.stringify(event.data)}}\n`,
  );
  return {
    routingKey: `events.${type}`,
    headers: { schema: 1, project: 'default', type, count: events.length, client_ids: true },
    body: Buffer.from(lines.join('')),
  };
}

const deliveredTwice: Fault = {
  name: 'the broker delivers batches twice',
  shapes: ['rabbitmq', 'servers'],
  brings: ['suppressed'],
  run: (context) =>
    withPublisher(context, async (send) => {
      for (let n = 0; n < twice; n++) {
        const first = context.nextEvent(6 * perBatch);
        // Six numbers on, the type is the same again.
        const events = Array.from({ length: perBatch }, (_, index) =>
          makeLoadEvent(first + 6 * index, deliveredTwice.name),
        );
        const request = context.nextRequest();
        const { body, ...envelope } = batchOf(events, events[0]?.type ?? '');
        context.ledger.sent(
          request,
          deliveredTwice.name,
          events.map(({ id, data }) => ({ id, n: data.n })),
        );
        await Promise.all([send(envelope, body), send(envelope, body)]);
        context.ledger.end(request, 'acknowledged', '');
      }
      return { liftedAt: now() };
    }),
};

const poisonMessages: Fault = {
  name: 'poison messages',
  shapes: ['rabbitmq', 'servers'],
  brings: [],
  run: (context) =>
    withPublisher(context, async (send, connection) => {
      const dead = async (): Promise<number> =>
        (await connection.queueDeclare({ queue: 'events.dead', passive: true })).messageCount;
      const before = await dead();
      const headers = { schema: 1, project: 'default', type: 'web.click', count: 3, client_ids: true };
      const poison: readonly (readonly [Envelope['headers'], string])[] = [
        [{}, 'no headers of ours'],
        [{ ...headers, schema: 99 }, '{}\n{}\n{}\n'],
        [headers, 'one line where three are announced\n'],
        [headers, '\0\u0001\n\u0002\n\u0003\n'],
        [{ ...headers, count: 'three' }, '{}\n{}\n{}\n'],
      ];
      for (const [given, body] of poison) {
        await send({ routingKey: 'events.web.click', headers: given }, Buffer.from(body));
      }
      let found = 0;
      await until(30_000, async () => {
        found = (await dead()) - before;
        return found >= poison.length;
      });
      const problems = found === poison.length ? [] : [`${found} of ${poison.length} ended in events.dead`];
      return { liftedAt: now(), remarks: [`${found} messages in events.dead`], problems };
    }),
};

export const deliveryFaults: readonly Fault[] = [acknowledgedAgain, deliveredTwice, poisonMessages];
