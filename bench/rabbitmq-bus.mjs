// The bus on RabbitMQ by itself: how fast it publishes into the topology of StreamFlow, durable and confirmed, beside
// the ceiling of the same run: the same bodies, written as bytes that were made before, by a bare socket into the same
// exchange and queues. `node bench/rabbitmq-bus.mjs [seconds]`, after `npm run build`; the broker is RABBITMQ_URL, or
// the local one.
import { randomUUID } from 'node:crypto';
import { connect } from 'node:net';
import { performance } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import { FrameWriter } from '../packages/server/dist/engines/bus/rabbitmq/amqp/frame-writer.js';
import { parseBrokerAddress } from '../packages/server/dist/engines/bus/rabbitmq/amqp/broker-address.js';
import { openRabbitmqBus } from '../packages/server/dist/engines/bus/rabbitmq/open-rabbitmq-bus.js';
import { median } from './harness/statistics.mjs';

const url = process.env.RABBITMQ_URL ?? 'amqp://guest:guest@127.0.0.1:5672';
const seconds = Number(process.argv[2] ?? 2);
const rounds = Number(process.argv[3] ?? 3);
const log = { debug() {}, info() {}, warning: console.warn, error: console.error, critical: console.error };
const line = `${JSON.stringify({ id: '0190a0b0-0000-7000-8000-000000000000', pad: 'x'.repeat(310) })}\n`;
const prefix = `streamflow-bench-${randomUUID()}.`;
const frameMax = 131_072;

const batchOf = (count) => ({
  headers: { schema: 1, project: 'default', type: 'web.click', count, client_ids: false },
  body: Buffer.from(line.repeat(count)),
});

const measured = async (work) => {
  const started = performance.now();
  const cpu = process.cpuUsage();
  const batches = await work(started + seconds * 1000);
  const { user, system } = process.cpuUsage(cpu);
  return { rate: batches / ((performance.now() - started) / 1000), cpu: (user + system) / batches };
};

/** `window` loops of `publish`. */
const throughBus = (bus, batch, window) =>
  measured(async (until) => {
    let batches = 0;
    const loop = async () => {
      while (performance.now() < until) {
        await bus.publish([batch]);
        batches++;
      }
    };
    await Promise.all(Array.from({ length: window }, loop));
    return batches;
  });

/** Opens a confirm channel on a bare socket; answers how to write and be told of confirms. */
async function bareChannel() {
  const { host, port, user, password, vhost } = parseBrokerAddress(url);
  const socket = connect({ host, port });
  socket.setNoDelay(true);
  const writer = new FrameWriter();
  const id = (classId, methodId) => classId * 65536 + methodId;
  const send = (channel, method, write) => {
    writer.method(channel, method, write);
    socket.write(writer.take());
  };
  let rest = Buffer.alloc(0);
  let onMethod = () => {};
  socket.on('data', (chunk) => {
    const bytes = Buffer.concat([rest, chunk]);
    let at = 0;
    for (let end; at + 7 <= bytes.length; at = end) {
      end = at + 8 + bytes.readUInt32BE(at + 3);
      if (end > bytes.length) break;
      onMethod(bytes.readUInt32BE(at + 7), bytes.subarray(at + 7, end - 1));
    }
    rest = bytes.subarray(at);
    onMethod(0);
  });
  const answer = (wanted) =>
    new Promise((done) => {
      onMethod = (method) => method === wanted && done();
    });
  socket.write(Buffer.from('AMQP\0\0\x09\x01', 'latin1'));
  await answer(id(10, 10));
  send(0, id(10, 11), () => {
    writer.table({});
    writer.shortString('PLAIN');
    writer.longString(`\0${user}\0${password}`);
    writer.shortString('en_US');
  });
  await answer(id(10, 30));
  send(0, id(10, 31), () => {
    writer.uint16(16);
    writer.uint32(frameMax);
    writer.uint16(0);
  });
  send(0, id(10, 40), () => {
    writer.shortString(vhost);
    writer.shortString('');
    writer.uint8(0);
  });
  await answer(id(10, 41));
  send(1, id(20, 10), () => writer.shortString(''));
  await answer(id(20, 11));
  send(1, id(85, 10), () => writer.uint8(0));
  await answer(id(85, 11));
  return {
    socket,
    send,
    writer,
    onConfirm(confirm, chunkEnd) {
      onMethod = (method, payload) => {
        if (method === 0) chunkEnd();
        else if (method === id(60, 120)) throw new Error('The broker refused a message: its queue is full');
        else if (method === id(60, 80)) confirm(Number(payload.readBigUInt64BE(4)), payload[12] & 1);
      };
    },
  };
}

/** Removes what the bench made from the broker. */
async function deleteTopology() {
  const { socket, send, writer, onConfirm } = await bareChannel();
  const remove = (method, name, noWait) =>
    send(1, method, () => {
      writer.uint16(0);
      writer.shortString(`${prefix}${name}`);
      writer.uint8(noWait);
    });
  const queueDelete = 50 * 65536 + 40;
  const exchangeDelete = 40 * 65536 + 20;
  for (const queue of ['events.storage', 'events.analytics', 'events.dead', 'events.analytics.dropped']) {
    remove(queueDelete, queue, 4);
  }
  for (const exchange of ['events', 'analytics', 'alerts', 'events.dlx', 'events.dropped']) {
    remove(exchangeDelete, exchange, 2);
  }
  // A confirm of what nobody is bound for follows everything before it.
  await new Promise((done) => {
    onConfirm(done, () => {});
    const message = {
      exchange: '',
      routingKey: prefix,
      id: '',
      contentType: '',
      headers: {},
      body: Buffer.alloc(0),
    };
    writer.message(1, { ...message, persistent: false, mandatory: false }, frameMax);
    socket.write(writer.take());
  });
  socket.destroy();
}

/** The ceiling: `window` messages on their way, of the same bytes each. */
async function raw(batch, window) {
  const { socket, onConfirm } = await bareChannel();
  const writer = new FrameWriter();
  writer.message(
    1,
    {
      exchange: `${prefix}events`,
      routingKey: 'events.web.click',
      id: randomUUID(),
      contentType: 'application/x-ndjson',
      headers: batch.headers,
      body: batch.body,
      persistent: true,
      mandatory: true,
    },
    frameMax,
  );
  const message = writer.take();
  const result = await measured(async (until) => {
    let sent = 0;
    let confirmed = 0;
    let upTo = 0;
    await new Promise((done) => {
      const fill = () => {
        if (performance.now() > until) return confirmed === sent && done();
        const count = window - (sent - confirmed);
        if (count > 0) socket.write(Buffer.concat(Array(count).fill(message)));
        sent += count;
      };
      onConfirm((tag, multiple) => {
        confirmed += multiple ? tag - upTo : 1;
        if (multiple) upTo = tag;
      }, fill);
      fill();
    });
    return confirmed;
  });
  socket.destroy();
  return result;
}

const bus = await openRabbitmqBus({
  url,
  prefix,
  clock: { now: Date.now },
  random: Math.random,
  log,
  storageMaxBatches: 1_000_000,
});
let drained = 0;
for (const queue of ['events.storage', 'events.analytics']) {
  await bus.consume(queue, {
    prefetchBytes: 32 * 1024 * 1024,
    prefetchCount: 20_000,
    onDelivery(delivery) {
      drained++;
      setImmediate(delivery.ack);
    },
  });
}
const rows = [];
try {
  for (const [count, window] of [
    [1, 64],
    [1, 512],
    [100, 16],
    [100, 64],
  ]) {
    const batch = batchOf(count);
    const ours = [];
    const ceilings = [];
    // By turns, so that what else the machine does hits both.
    for (let round = 0; round < rounds; round++) {
      for (const [list, run] of [
        [ceilings, () => raw(batch, window)],
        [ours, () => throughBus(bus, batch, window)],
      ]) {
        while ((await bus.depth('events.storage')).batches > 0) await pause(20);
        list.push(await run());
      }
    }
    const rate = median(ours.map((one) => one.rate));
    const ceiling = median(ceilings.map((one) => one.rate));
    rows.push({
      'events a batch': count,
      'at a time': window,
      'batches/s': Math.round(rate),
      'events/s': Math.round(rate * count),
      'CPU µs': median(ours.map((one) => one.cpu)).toFixed(1),
      'raw batches/s': Math.round(ceiling),
      'raw CPU µs': median(ceilings.map((one) => one.cpu)).toFixed(1),
      'share of raw': (rate / ceiling).toFixed(2),
    });
  }
} finally {
  await bus.close();
  await deleteTopology();
}
console.table(rows);
console.log(`${drained} deliveries drained by this process, which is part of every figure`);
