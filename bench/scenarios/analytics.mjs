// One analytics worker alone on one core: built-in metrics and five defined ones, from messages to deltas.
import { formatEventLine } from '../../packages/contracts/dist/index.js';
import { silentLog } from '../../packages/server/dist/domain/log.js';
import { compileDefinition } from '../../packages/server/dist/domain/metrics/defined-metric.js';
import { createStreamWorker } from '../../packages/server/dist/services/analytics/stream-worker.js';
import { makeEvent, seeded } from '../harness/events.mjs';
import { figure } from '../harness/report.mjs';

const batchSize = 100;
const batchCount = 2000;
const seconds = 5;

const defined = [
  {
    name: 'clicks_by_page',
    type: 'counter',
    filter: 'event.type == "web.click"',
    value: null,
    group_by: { page: 'event.data.page' },
  },
  {
    name: 'status_errors',
    type: 'counter',
    filter: 'has(event.data.status) && event.data.status >= 500',
    value: null,
    group_by: {},
  },
  {
    name: 'duration_by_source',
    type: 'timer',
    filter: 'has(event.data.duration_ms)',
    value: 'event.data.duration_ms / 1000',
    group_by: { source: 'event.source' },
  },
  {
    name: 'web_events',
    type: 'counter',
    filter: 'event.type.startsWith("web.")',
    value: null,
    group_by: { severity: 'event.severity' },
  },
  { name: 'known_users', type: 'counter', filter: 'event.user_id != null', value: null, group_by: {} },
].map((definition) => compileDefinition(definition).metric);

export async function run() {
  const random = seeded(7);
  const now = Date.now();
  const bodies = Array.from({ length: batchCount }, (_, batch) =>
    Buffer.from(
      Array.from({ length: batchSize }, (_, n) => {
        const time = new Date(now - ((batch * batchSize + n) % 2000)).toISOString();
        const event = makeEvent(random, { withId: true });
        return `${formatEventLine({
          severity: 'medium',
          correlation_id: null,
          session_id: null,
          user_id: null,
          tags: [],
          metadata: {},
          data: {},
          ...event,
          project: 'default',
          timestamp: time,
          received_at: time,
        })}\n`;
      }).join(''),
    ),
  );
  const bytes = bodies.reduce((sum, { length }) => sum + length, 0) / (batchCount * batchSize);
  const ceiling = rate((body) => JSON.parse(`[${body.toString().trimEnd().replaceAll('\n', ',')}]`), bodies);

  let deliver = () => {};
  let acknowledged = 0;
  let deltaBytes = 0;
  const worker = createStreamWorker({
    bus: {
      async consume(_queue, { onDelivery }) {
        deliver = onDelivery;
        return { pause() {}, resume() {}, close: async () => {} };
      },
      publishLive: (_exchange, { body }) => {
        deltaBytes += body.length;
      },
    },
    definitions: { of: () => defined, ready: async () => {} },
    clock: { now: Date.now },
    timers: {
      after: (milliseconds, call) => {
        const timer = setTimeout(call, milliseconds);
        return () => clearTimeout(timer);
      },
    },
    log: silentLog,
    name: 'bench',
    allowedLatenessMs: 300_000,
    maxTagValues: 200,
  });
  await worker.start();
  const headers = { schema: 1, project: 'default', type: 'web.click', count: batchSize, client_ids: true };
  const before = process.cpuUsage();
  const end = performance.now() + seconds * 1000;
  let sent = 0;
  while (performance.now() < end) {
    for (let n = 0; n < 20; n += 1) {
      const body = bodies[sent++ % batchCount];
      deliver({
        batch: { headers, body },
        id: String(sent),
        attempts: 0,
        redelivered: false,
        ack: () => {
          acknowledged += 1;
        },
        retry() {},
        dead() {},
      });
    }
    // As between the deliveries of a bus: timers run.
    await new Promise((resolve) => setImmediate(resolve));
  }
  await worker.stop();
  const used = process.cpuUsage(before);
  const events = acknowledged * batchSize;
  if (acknowledged !== sent || worker.state.events !== events) throw new Error('Not all was folded');
  const micros = (used.user + used.system) / events;
  figure('analytics worker, events a second of CPU', {
    value: 1e6 / micros,
    unit: 'events/s',
    ceiling,
    ratio: 1e6 / micros / ceiling,
    atLeast: 100_000 / ceiling,
    note: `built-in and five defined metrics, ${Math.round(bytes)} bytes an event; ceiling JSON.parse alone; ${Math.round(deltaBytes / seconds / 1024)} KiB/s of deltas; must be 100,000/s`,
  });
}

/** Events a second of CPU that the work alone would reach. */
function rate(work, bodies) {
  let turns = 0;
  const before = process.cpuUsage();
  const end = performance.now() + 1500;
  while (performance.now() < end) for (let n = 0; n < 20; n += 1) work(bodies[turns++ % bodies.length]);
  const used = process.cpuUsage(before);
  return (turns * batchSize * 1e6) / (used.user + used.system);
}
