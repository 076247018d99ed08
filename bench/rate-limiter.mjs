/*
 * How fast limits are decided through Redis, beside their ceiling in the same run: INCR by the same client over one
 * connection, which decides nothing. A new key for every thousandth decision, so that both allow and refuse.
 *
 *   node bench/rate-limiter.mjs [decisions=200000]      REDIS_URL names the server
 */
import { randomUUID } from 'node:crypto';
import { createMemoryRateLimiter } from '../packages/server/dist/engines/rate-limiter/memory.js';
import { createRedisClient } from '../packages/server/dist/engines/rate-limiter/redis/redis-client.js';
import { openRedisRateLimiter } from '../packages/server/dist/engines/rate-limiter/redis/redis-rate-limiter.js';

const decisions = Number(process.argv[2] ?? 200_000);
const rounds = 5;
const url = process.env.REDIS_URL ?? 'redis://127.0.0.1:6379';
const log = { debug() {}, info() {}, warning: console.warn, error: console.error, critical: console.error };
log.child = () => log;
const prefix = `streamflow-bench-${randomUUID()}:`;
let alone = 0;

const memory = createMemoryRateLimiter({ clock: Date });
const redis = await openRedisRateLimiter({
  url,
  prefix,
  clock: Date,
  log,
  random: Math.random,
  newId: randomUUID,
  observer: { onFallback() {}, onFallbackDecision: () => alone++ },
});
const raw = createRedisClient(url, 1000);
await raw.connect();
const ways = {
  'INCR by the client': (key) => raw.incr(`${prefix}raw:${key}`),
  'limits through Redis': (key) => redis.take(key, 500),
  'limits in memory': (key) => memory.take(key, 500),
};

const quantile = (sorted, q) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))];
for (const concurrency of [1, 64]) {
  const figures = Object.fromEntries(Object.keys(ways).map((way) => [way, { rates: [], times: [] }]));
  const each = Math.floor(decisions / rounds / (concurrency === 1 ? 10 : 1));
  for (let round = 0; round < rounds; round++) {
    for (const [way, decide] of Object.entries(ways)) {
      let left = each;
      const { rates, times } = figures[way];
      const begun = performance.now();
      const work = async () => {
        while (left > 0) {
          const number = left--;
          const asked = performance.now();
          await decide(`${round}:${Math.floor(number / 1000)}`);
          times.push(performance.now() - asked);
        }
      };
      await Promise.all(Array.from({ length: concurrency }, work));
      rates.push(each / ((performance.now() - begun) / 1000));
    }
  }
  for (const [way, { rates, times }] of Object.entries(figures)) {
    times.sort((a, b) => a - b);
    rates.sort((a, b) => a - b);
    const [p50, p99] = [quantile(times, 0.5), quantile(times, 0.99)].map((ms) => ms.toFixed(3));
    console.log(
      `${way.padEnd(22)} ${concurrency} at a time: ${Math.round(quantile(rates, 0.5))}/s, p50 ${p50} ms, p99 ${p99} ms`,
    );
  }
}
console.log(`decided in the process for want of an answer: ${alone}`);
for await (const keys of raw.scanIterator({ MATCH: `${prefix}*`, COUNT: 1000 })) {
  if (keys.length > 0) await raw.del(keys);
}
await redis.close();
raw.destroy();
