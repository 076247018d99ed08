import { createClient, defineScript } from '@redis/client';

/** Counts outlive their window by the difference of the clocks that the processes may have, milliseconds. */
const countKeptMs = 180_000;

function wholeNumber(reply: unknown): number {
  if (typeof reply === 'number') return reply;
  throw new TypeError('Redis answered a script with something else than a number');
}

/** Uses `cost` of `limit`. Answers the uses after it, or minus one less the uses that there are when it is refused. */
const take = defineScript({
  NUMBER_OF_KEYS: 1,
  SCRIPT: `
    local used = tonumber(redis.call('GET', KEYS[1]) or '0')
    local cost = tonumber(ARGV[2])
    if used + cost > tonumber(ARGV[1]) then return -1 - used end
    redis.call('INCRBY', KEYS[1], cost)
    if used == 0 then redis.call('PEXPIRE', KEYS[1], ${countKeptMs}) end
    return used + cost`,
  parseCommand(parser, key: string, limit: number, cost: number) {
    parser.pushKey(key);
    parser.push(String(limit), String(cost));
  },
  transformReply: wholeNumber,
});

/**
 * Places are members of a sorted set whose score is the moment at which the lease ends, by the clock of Redis: those of
 * the processes may differ. Answers 1 when the place was taken.
 */
const acquire = defineScript({
  NUMBER_OF_KEYS: 1,
  SCRIPT: `
    local time = redis.call('TIME')
    local now = time[1] * 1000 + math.floor(time[2] / 1000)
    redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
    if redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[1]) then return 0 end
    redis.call('ZADD', KEYS[1], now + ARGV[2], ARGV[3])
    redis.call('PEXPIRE', KEYS[1], ARGV[2])
    return 1`,
  parseCommand(parser, key: string, limit: number, leaseMs: number, place: string) {
    parser.pushKey(key);
    parser.push(String(limit), String(leaseMs), place);
  },
  transformReply: wholeNumber,
});

/** Holds places on, also those that Redis has lost. */
const renew = defineScript({
  NUMBER_OF_KEYS: 1,
  SCRIPT: `
    local time = redis.call('TIME')
    local ends = time[1] * 1000 + math.floor(time[2] / 1000) + ARGV[1]
    for place = 2, #ARGV do redis.call('ZADD', KEYS[1], ends, ARGV[place]) end
    redis.call('PEXPIRE', KEYS[1], ARGV[1])
    return #ARGV - 1`,
  parseCommand(parser, key: string, leaseMs: number, places: readonly string[]) {
    parser.pushKey(key);
    parser.push(String(leaseMs), ...places);
  },
  transformReply: wholeNumber,
});

/** A client of one connection that is used until it fails and then thrown away. */
export function createRedisClient(url: string, connectTimeoutMs: number) {
  return createClient({
    url,
    scripts: { take, acquire, renew },
    disableOfflineQueue: true,
    maintNotifications: 'disabled',
    // The link watches over answers itself; an AbortSignal a command costs more than the command.
    commandOptions: { timeout: 0 },
    socket: { connectTimeout: connectTimeoutMs, reconnectStrategy: false },
  });
}

export type RedisClient = ReturnType<typeof createRedisClient>;
