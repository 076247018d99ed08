// Single POST /events, 64 connections, durable acknowledgement, the store keeping up; beside a bare node:http server.
import { runLoad } from '../harness/load.mjs';
import { figure } from '../harness/report.mjs';
import { startBareHttp, startServer } from '../harness/server.mjs';
import { median } from '../harness/statistics.mjs';
import { waitUntilStored } from '../harness/wait.mjs';

export async function run({ rounds = 5, seconds = 6 } = {}) {
  const server = await startServer();
  const bare = await startBareHttp();
  try {
    const load = {
      host: '127.0.0.1',
      path: '/events',
      connections: 64,
      seconds,
      batch: 1,
      authorization: server.key,
    };
    const ours = [];
    const ceilings = [];
    const lags = [];
    for (let round = 0; round < rounds; round += 1) {
      ceilings.push((await runLoad({ ...load, port: bare.port })).requestsPerSecond);
      const result = await runLoad({ ...load, port: server.ports.ingestion, seed: round });
      if (Object.keys(result.statuses).join() !== '201') throw new Error(JSON.stringify(result.statuses));
      ours.push(result.requestsPerSecond);
      lags.push(await waitUntilStored(server));
    }
    const ratio = median(ours.map((value, index) => value / ceilings[index]));
    figure('single POST /events, 64 connections', {
      value: median(ours),
      unit: 'events/s',
      ceiling: median(ceilings),
      ratio,
      atLeast: 0.35,
      note: `backlog at the end stored within ${Math.round(median(lags))} ms`,
    });
    const rate = Math.round(median(ours) / 2);
    const half = await runLoad({ ...load, port: server.ports.ingestion, rate, seconds: 10 });
    figure('single POST /events at half load, p99', {
      value: half.latencyMs.p99,
      unit: 'ms',
      limit: 20,
      note: `p50 ${half.latencyMs.p50.toFixed(2)} ms at ${rate} requests/s`,
    });
  } finally {
    await bare.stop();
    await server.stop();
  }
}
