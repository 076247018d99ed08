/*
 * What credentials and limits cost ingestion: single events with an API key under limits that let all through, beside
 * the same from nobody without limits, in turns and at the same rate, since the log writes more at once the faster they
 * come. The server's own CPU time an event counts: the load generator shares the machine, and would hide the cost. Of the rounds the
 * cheapest counts, which other work on the machine disturbed least.
 *
 *   node bench/access.mjs [rounds=6] [seconds=5] [rate=1000]
 */
import { readFileSync } from 'node:fs';
import { runLoad } from './harness/load.mjs';
import { startServer } from './harness/server.mjs';
import { median } from './harness/statistics.mjs';

const rounds = Number(process.argv[2] ?? 6);
const seconds = Number(process.argv[3] ?? 5);
const rate = Number(process.argv[4] ?? 1000);
const ticksPerSecond = 100;

/** Microseconds of CPU that the process has used. */
function cpuOf(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
  return ((Number(fields[11]) + Number(fields[12])) / ticksPerSecond) * 1e6;
}

const guarded = await startServer();
const open = await startServer({
  environment: { INGESTION_ALLOW_ANONYMOUS: 'true', RATE_LIMIT_ENABLED: 'false' },
});
try {
  const ways = {
    'nobody, no limits': { server: open, authorization: undefined, cpu: [], rates: [] },
    'a key, limits': { server: guarded, authorization: guarded.key, cpu: [], rates: [] },
  };
  for (let round = 0; round <= rounds; round++) {
    for (const way of Object.values(ways)) {
      const before = cpuOf(way.server.pid);
      const load = { host: '127.0.0.1', port: way.server.ports.ingestion, path: '/events', connections: 64 };
      const result = await runLoad({
        ...load,
        seconds,
        warmupSeconds: 0,
        batch: 1,
        rate,
        authorization: way.authorization,
        seed: round,
      });
      if (Object.keys(result.statuses).join() !== '201') throw new Error(JSON.stringify(result.statuses));
      // The first round warms up.
      if (round === 0) continue;
      way.cpu.push((cpuOf(way.server.pid) - before) / (result.requestsPerSecond * seconds));
      way.rates.push(result.requestsPerSecond);
    }
  }
  for (const [name, { cpu, rates }] of Object.entries(ways))
    console.log(
      `${name.padEnd(20)} least ${Math.min(...cpu).toFixed(1)} µs of CPU an event, ${Math.round(median(rates))} events/s (rounds ${cpu.map((one) => one.toFixed(0)).join(', ')})`,
    );
  const [without, withAll] = Object.values(ways).map(({ cpu }) => Math.min(...cpu));
  console.log(`credentials and limits: ${((withAll / without - 1) * 100).toFixed(1)} % more CPU an event`);
} finally {
  await guarded.stop();
  await open.stop();
}
