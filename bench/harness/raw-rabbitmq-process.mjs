// The ceiling of everything that goes through RabbitMQ: confirmed publishing by one channel of the same client library, of
// persistent, mandatory messages to an exchange and queues like the product's, as many unconfirmed at a time as pays off.
// Started by raw-rabbitmq.mjs with one JSON argument; prints one JSON line.
import { randomUUID } from 'node:crypto';
import { createRequire } from 'node:module';
import { declareTopology, topologyUnder } from './engines.mjs';
import { seeded } from './events.mjs';
import { makeLines } from './lines.mjs';

const amqp = createRequire(import.meta.resolve('@streamflow/server/package.json'))('amqplib');
const { url, prefix, batch, seconds, window } = JSON.parse(process.argv[2]);
const topology = topologyUnder(prefix);
const random = seeded(9);
const bodies = Array.from({ length: batch > 1 ? 64 : 2000 }, () => makeLines(random, batch));

const connection = await amqp.connect(url, { noDelay: true });
const channel = await connection.createConfirmChannel();
await declareTopology(channel, topology);
channel.on('return', () => {
  throw new Error('A message came back');
});

let confirmed = 0;
let unconfirmed = 0;
let turn = 0;
let running = true;
let failed;
await new Promise((resolve) => {
  const fill = () => {
    while (running && unconfirmed < window) {
      unconfirmed += 1;
      const options = {
        messageId: randomUUID(),
        contentType: 'application/x-ndjson',
        persistent: true,
        mandatory: true,
      };
      channel.publish(topology.events, 'events.custom', bodies[turn++ % bodies.length], options, (error) => {
        unconfirmed -= 1;
        failed ??= error ?? undefined;
        confirmed += 1;
        if (running) fill();
        else if (unconfirmed === 0) resolve();
      });
    }
  };
  let from = 0;
  let begun = 0;
  setTimeout(() => {
    from = confirmed;
    begun = performance.now();
  }, 1000);
  setTimeout(
    () => {
      const elapsed = (performance.now() - begun) / 1000;
      running = false;
      console.log(JSON.stringify({ eventsPerSecond: ((confirmed - from) * batch) / elapsed }));
    },
    1000 + seconds * 1000,
  );
  fill();
});
if (failed !== undefined) throw failed;
for (const { queue } of topology.queues) await channel.purgeQueue(queue);
await connection.close();
