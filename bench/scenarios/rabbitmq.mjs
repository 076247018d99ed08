// Ingestion and storage as processes on RabbitMQ and PostgreSQL, then on ClickHouse in the place of the latter. What is
// acknowledged, beside raw confirmed publishing of the same; what is stored, beside the raw insert of the same lines; and
// how long an accepted event takes to be found. RABBITMQ_URL and DATABASE_URL name the servers.
import { startApart } from '../harness/apart.mjs';
import { appendCeiling } from '../harness/append-ceiling.mjs';
import { startChdbServer } from '../harness/chdb-server.mjs';
import { createEngines } from '../harness/engines.mjs';
import { seeded } from '../harness/events.mjs';
import { makeLines } from '../harness/lines.mjs';
import { runLoad } from '../harness/load.mjs';
import { createPlainTable } from '../harness/plain-postgres.mjs';
import { probeWhile } from '../harness/queryable.mjs';
import { publishRaw } from '../harness/raw-rabbitmq.mjs';
import { figure } from '../harness/report.mjs';
import { median, quantile } from '../harness/statistics.mjs';
import { drainAlone, storageQueue, storedPerSecond } from '../harness/storing.mjs';
import { waitUntilStored } from '../harness/wait.mjs';

const blockLines = 20_000;
/** Events a second that storage is to sustain. */
const wanted = 15_000;

export async function run({ rounds = 3, seconds = 5 } = {}) {
  const engines = await createEngines();
  try {
    const apart = await startApart(engines.environment);
    try {
      await acknowledged(apart, engines, { rounds, seconds });
      await stored(apart, engines, { seconds });
      await queryable(apart);
    } finally {
      await apart.end();
    }
    await storedInClickHouse(engines, { seconds });
  } finally {
    await engines.remove();
  }
}

const loadOf = ({ ports, key }) => ({ host: '127.0.0.1', port: ports.ingestion, authorization: key });
const batchesOf = (apart) => ({ ...loadOf(apart), path: '/events/batch', connections: 16, batch: 100 });

async function acknowledged(apart, engines, { rounds, seconds }) {
  const cases = [
    {
      name: 'batches of 100, 16 connections, acknowledged through RabbitMQ',
      load: batchesOf(apart),
      raw: { batch: 100, window: 100 },
      must: { atLeast: 0.25, minimum: 60_000 },
    },
    {
      name: 'single POST /events, 64 connections, acknowledged through RabbitMQ',
      load: { ...loadOf(apart), path: '/events', connections: 64, batch: 1 },
      raw: { batch: 1, window: 1000 },
      must: { atLeast: 0.35 },
    },
  ];
  for (const { name, load, raw, must } of cases) {
    const ours = [];
    const ceilings = [];
    const latencies = [];
    const drains = [];
    for (let round = 0; round < rounds; round += 1) {
      ceilings.push(await publishRaw({ ...engines.raw, ...raw, seconds: 3 }));
      const result = await runLoad({ ...load, seconds, seed: round });
      if (Object.keys(result.statuses).join() !== '201') throw new Error(JSON.stringify(result.statuses));
      ours.push(result.eventsPerSecond);
      latencies.push(result.latencyMs.p99);
      drains.push(await waitUntilStored(apart));
    }
    figure(name, {
      value: median(ours),
      unit: 'events/s',
      ceiling: median(ceilings),
      ratio: median(ours.map((value, index) => value / ceilings[index])),
      ...must,
      note: `p99 ${median(latencies).toFixed(0)} ms while storage stores; backlog at the end stored within ${Math.round(median(drains))} ms`,
    });
  }
}

async function stored(apart, engines, { seconds }) {
  const before = await plainInserts(engines.client);
  const { rate: alone, acknowledged: backlog } = await drainAlone(apart, { ...batchesOf(apart), seconds });
  const ceiling = (before + (await plainInserts(engines.client))) / 2;
  figure('stored in PostgreSQL, storage drains alone', {
    value: alone,
    unit: 'events/s',
    ceiling,
    ratio: alone / ceiling,
    atLeast: 0.5,
    note: `a backlog of ${backlog} events`,
  });

  const warmupSeconds = 5;
  const measuredSeconds = 20;
  const offered = wanted * 1.03;
  const load = runLoad({ ...batchesOf(apart), rate: offered / 100, warmupSeconds, seconds: measuredSeconds });
  await new Promise((resolve) => setTimeout(resolve, warmupSeconds * 1000));
  const queuedBefore = await storageQueue(apart);
  const until = performance.now() + measuredSeconds * 1000;
  const rate = await storedPerSecond(apart, async () => performance.now() >= until);
  const queuedAfter = await storageQueue(apart);
  const { eventsPerSecond, missed, statuses } = await load;
  if (Object.keys(statuses).join() !== '201') throw new Error(JSON.stringify(statuses));
  figure('stored in PostgreSQL end to end, queue level', {
    value: rate,
    unit: 'events/s',
    ceiling,
    ratio: rate / ceiling,
    minimum: wanted,
    note:
      `${Math.round(eventsPerSecond)} acknowledged a second of ${Math.round(offered)} offered, ${missed} late; ` +
      `queue ${queuedBefore} messages before, ${queuedAfter} after ${measuredSeconds} s`,
  });
  await waitUntilStored(apart);
}

/** Lines a second by the plain insert, of the load generator's events. */
async function plainInserts(client, blocks = 5) {
  const plain = await createPlainTable(client);
  const random = seeded(3);
  let spent = 0;
  for (let block = 0; block <= blocks; block += 1) {
    const lines = makeLines(random, blockLines);
    const begun = performance.now();
    await plain.insert(lines);
    // The first one warms up.
    if (block > 0) spent += performance.now() - begun;
  }
  await plain.drop();
  return ((blocks * blockLines) / spent) * 1000;
}

async function queryable(apart) {
  const rate = wanted / 100 / 2;
  const found = await probeWhile(apart, runLoad({ ...batchesOf(apart), rate, seconds: 20 }));
  const note = `${found.length} probes beside ${rate * 100} events/s`;
  for (const [q, limit] of [
    [0.5, 250],
    [0.99, 1000],
  ])
    figure(`accepted to queryable at half load, p${q * 100}`, {
      value: quantile(found, q),
      unit: 'ms',
      limit,
      note,
    });
}

async function storedInClickHouse(engines, { seconds }) {
  const before = await appendCeiling({ seconds: 4 });
  const server = await startChdbServer();
  try {
    const apart = await startApart({ ...engines.environment, CLICKHOUSE_URL: server.url });
    try {
      const { rate, acknowledged: backlog } = await drainAlone(apart, { ...batchesOf(apart), seconds });
      const ceiling = (before + (await appendCeiling({ seconds: 4 }))) / 2;
      figure('stored in ClickHouse by URL, storage drains alone', {
        value: rate,
        unit: 'events/s',
        ceiling,
        ratio: rate / ceiling,
        atLeast: 0.5,
        note: `a backlog of ${backlog} events; chDB behind HTTP`,
      });
    } finally {
      await apart.end();
    }
  } finally {
    await server.stop();
  }
}
