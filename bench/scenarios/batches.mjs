// Batches of 100 on 16 connections, durable acknowledgement, the log's backlog level; beside the rate at which the same
// lines go straight into the embedded engine from one writer in blocks of 20,000. Then, at half of that load, how long
// an accepted event takes to be found.
import { appendCeiling } from '../harness/append-ceiling.mjs';
import { runLoad } from '../harness/load.mjs';
import { probeWhile } from '../harness/queryable.mjs';
import { figure } from '../harness/report.mjs';
import { startServer } from '../harness/server.mjs';
import { median, quantile } from '../harness/statistics.mjs';
import { waitUntilStored } from '../harness/wait.mjs';

export async function run({ rounds = 3, seconds = 30 } = {}) {
  const ours = [];
  const ceilings = [];
  const drains = [];
  const server = await startServer();
  try {
    const load = {
      host: '127.0.0.1',
      port: server.ports.ingestion,
      path: '/events/batch',
      connections: 16,
      batch: 100,
      authorization: server.key,
    };
    for (let round = 0; round < rounds; round += 1) {
      ceilings.push(await appendCeiling());
      const before = await server.stored();
      const begun = performance.now();
      const result = await runLoad({ ...load, seconds, seed: round });
      if (Object.keys(result.statuses).join() !== '201') throw new Error(JSON.stringify(result.statuses));
      const drained = await waitUntilStored(server);
      // What counts is what was stored over the whole time, the draining of the backlog included.
      ours.push(((await server.stored()) - before) / ((performance.now() - begun) / 1000));
      drains.push(drained);
    }
    figure('batches of 100, 16 connections, stored', {
      value: median(ours),
      unit: 'events/s',
      ceiling: median(ceilings),
      ratio: median(ours.map((value, index) => value / ceilings[index])),
      atLeast: 0.6,
      note: `backlog at the end stored within ${Math.round(median(drains))} ms`,
    });

    const rate = Math.max(1, Math.round(median(ours) / 100 / 2));
    const found = await probeWhile(server, runLoad({ ...load, rate, seconds: 20 }));
    const note = `${found.length} probes beside ${rate * 100} events/s`;
    figure('accepted to queryable at half load, p50', {
      value: quantile(found, 0.5),
      unit: 'ms',
      limit: 300,
      note,
    });
    figure('accepted to queryable at half load, p99', {
      value: quantile(found, 0.99),
      unit: 'ms',
      limit: 1000,
      note,
    });
  } finally {
    await server.stop();
  }
}
