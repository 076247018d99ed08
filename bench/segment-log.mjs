// The embedded bus by itself: how fast it takes batches while a consumer drains them, beside what the disk and the
// same calls without the bus allow in the same run. `node bench/segment-log.mjs [seconds]`, after `npm run build`.
import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { openSegmentLogBus } from '../packages/server/dist/engines/bus/segment-log/open-segment-log-bus.js';

const seconds = Number(process.argv[2] ?? 3);
const log = { debug() {}, info() {}, warning: console.warn, error: console.error, critical: console.error };
const line = `${JSON.stringify({ id: '0190a0b0-0000-7000-8000-000000000000', pad: 'x'.repeat(310) })}\n`;

const batchOf = (count) => ({
  headers: { schema: 1, project: 'default', type: 'web.click', count, client_ids: false },
  body: Buffer.from(line.repeat(count)),
});

/** Runs `publishers` loops of `publish` until the time is up; batches and the latencies of a sample. */
async function load(publishers, publish) {
  const started = performance.now();
  const cpu = process.cpuUsage();
  const latencies = [];
  let batches = 0;
  const loop = async () => {
    for (;;) {
      const before = performance.now();
      if (before - started > seconds * 1000) return;
      await publish();
      if (batches++ % 16 === 0) latencies.push(performance.now() - before);
    }
  };
  await Promise.all(Array.from({ length: publishers }, loop));
  const elapsed = (performance.now() - started) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  latencies.sort((a, b) => a - b);
  const at = (share) => latencies[Math.floor(latencies.length * share)];
  return { rate: batches / elapsed, cpu: (user + system) / batches, p50: at(0.5), p99: at(0.99) };
}

/** The ceiling: the same bytes by `writev` and `fdatasync` from as many loops, one flush for all who wait. */
async function raw(directory, publishers, batch) {
  const handle = await open(join(directory, 'raw'), 'w');
  let waiting = [];
  let running = false;
  const run = async () => {
    while (waiting.length > 0) {
      const group = waiting;
      waiting = [];
      await handle.writev(group.map(() => batch.body));
      await handle.datasync();
      for (const done of group) done();
    }
    running = false;
  };
  const result = await load(
    publishers,
    () =>
      new Promise((done) => {
        waiting.push(done);
        if (running) return;
        running = true;
        setImmediate(run);
      }),
  );
  await handle.close();
  await rm(join(directory, 'raw'));
  return result;
}

async function bus(directory, publishers, batch) {
  const opened = await openSegmentLogBus({
    directory: join(directory, 'bus'),
    clock: { now: Date.now },
    log,
  });
  let drained = 0;
  await opened.consume('events.storage', {
    prefetchBytes: 32 * 1024 * 1024,
    prefetchCount: 20_000,
    onDelivery(delivery) {
      drained++;
      setImmediate(delivery.ack);
    },
  });
  const result = await load(publishers, () => opened.publish([batch]));
  const depth = await opened.depth('events.storage');
  await opened.close();
  await rm(join(directory, 'bus'), { recursive: true });
  return { ...result, drained, left: depth.batches };
}

/** A backlog of some hundred megabytes: how long the log takes to open after a crash, and to be read from disk. */
async function backlog(directory, batch, megabytes) {
  const options = { directory: join(directory, 'backlog'), clock: { now: Date.now }, log };
  const first = await openSegmentLogBus(options);
  const batches = Math.ceil((megabytes * 1e6) / batch.body.length);
  let published = 0;
  const loop = async () => {
    while (published < batches) {
      published++;
      await first.publish([batch]);
    }
  };
  await Promise.all(Array.from({ length: 256 }, loop));
  const opening = performance.now();
  const second = await openSegmentLogBus(options);
  const opened = performance.now() - opening;
  const { batches: found } = await second.depth('events.storage');
  const draining = performance.now();
  const cpu = process.cpuUsage();
  await new Promise((done) => {
    let left = found;
    second.consume('events.storage', {
      prefetchBytes: 8 * 1024 * 1024,
      prefetchCount: 20_000,
      onDelivery(delivery) {
        setImmediate(delivery.ack);
        if (--left === 0) done();
      },
    });
  });
  const elapsed = performance.now() - draining;
  const { user, system } = process.cpuUsage(cpu);
  await first.close();
  await second.close();
  await rm(options.directory, { recursive: true });
  return {
    batches: found,
    'open ms': Math.round(opened),
    'drain batches/s': Math.round((found / elapsed) * 1000),
    'drain MB/s': Math.round((found * batch.body.length) / elapsed / 1000),
    'drain CPU µs': ((user + system) / found).toFixed(1),
    'resident MB': Math.round(process.memoryUsage.rss() / 1e6),
  };
}

const rows = [];
const backlogs = [];
const directory = await mkdtemp(join(process.env.BENCH_DIRECTORY ?? tmpdir(), 'streamflow-bench-'));
try {
  for (const [count, publishers] of [
    [1, 1],
    [1, 64],
    [1, 512],
    [100, 16],
    [100, 64],
  ]) {
    const batch = batchOf(count);
    const ceiling = await raw(directory, publishers, batch);
    const measured = await bus(directory, publishers, batch);
    rows.push({
      'events a batch': count,
      publishers,
      'batches/s': Math.round(measured.rate),
      'events/s': Math.round(measured.rate * count),
      'MB/s': Math.round((measured.rate * batch.body.length) / 1e6),
      'p50 ms': measured.p50.toFixed(2),
      'p99 ms': measured.p99.toFixed(2),
      'CPU µs': measured.cpu.toFixed(1),
      'raw batches/s': Math.round(ceiling.rate),
      'raw CPU µs': ceiling.cpu.toFixed(1),
      'share of raw': (measured.rate / ceiling.rate).toFixed(2),
      backlog: measured.left,
    });
  }
  for (const count of [1, 100]) {
    backlogs.push({ 'events a batch': count, ...(await backlog(directory, batchOf(count), 400)) });
  }
} finally {
  await rm(directory, { recursive: true, force: true });
}
console.table(rows);
console.table(backlogs);
