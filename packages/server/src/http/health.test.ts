import { HealthResponse, ReadyResponse } from '@streamflow/contracts';
import { Compile } from 'typebox/compile';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { unavailable } from '../domain/errors.ts';
import { createTestLog, startTestServer, type TestServer, testNow, testService } from './server.fixture.ts';
import type { Service } from './service.ts';

let server: TestServer;
afterEach(() => {
  vi.useRealTimers();
  return server.close();
});

const { log, lines } = createTestLog();
const start = async (parts: Partial<Service>) => {
  lines.length = 0;
  server = await startTestServer([], { service: testService(parts), log });
};

describe('/health', () => {
  it('asks the real things and shows their figures, in the documented shape', async () => {
    await start({
      checks: { database: async () => ({ lag_seconds: 0.1 }), message_broker: async () => {} },
      figures: { websocket_connections: () => 5 },
    });
    const answer = await server.app.inject('/health');
    expect(answer.statusCode).toBe(200);
    expect(answer.json()).toEqual({
      status: 'healthy',
      service: 'ingestion',
      version: '1.2.3',
      timestamp: new Date(testNow).toISOString(),
      checks: {
        database: { status: 'healthy', lag_seconds: 0.1 },
        message_broker: { status: 'healthy' },
        websocket_connections: 5,
      },
    });
    expect(Compile(HealthResponse).Check(answer.json())).toBe(true);
  });

  it('is 503 when one fails; what an unknown error says goes to the log alone', async () => {
    await start({
      checks: {
        database: async () => {
          throw new Error('connect 10.1.2.3 refused');
        },
        message_broker: async () => {
          throw unavailable('The log is full');
        },
      },
    });
    const answer = await server.app.inject('/health');
    expect(answer.statusCode).toBe(503);
    expect(answer.json()).toMatchObject({
      status: 'unhealthy',
      checks: {
        database: { status: 'unhealthy', message: 'The check failed; the log says why' },
        message_broker: { status: 'unhealthy', message: 'The log is full' },
      },
    });
    await server.app.inject('/health');
    expect(lines.map(({ fields }) => fields.check)).toEqual(['database', 'message_broker']);
  });

  it('tells when limits hold for this process alone, which leaves it healthy and ready', async () => {
    lines.length = 0;
    let isAway = true;
    server = await startTestServer([], {
      log,
      rateLimiter: {
        take: (_key, limit) => ({ allowed: true, limit, remaining: limit, resetAt: 0 }),
        acquire: () => () => {},
        ping: async () => {
          if (isAway) throw unavailable('Redis is away');
        },
        close: async () => {},
      },
      rateLimits: {
        requestsPerMinute: 1,
        burstSize: 0,
        keyRequestsPerMinute: 1,
        userRequestsPerMinute: 1,
        socketsPerAddress: 1,
      },
    });
    await server.listen('127.0.0.1', 0);
    const answer = await server.app.inject('/health');
    expect(answer.statusCode).toBe(200);
    expect(answer.json()).toMatchObject({
      status: 'healthy',
      checks: { rate_limiter: { status: 'degraded', message: 'Redis is away' } },
    });
    expect(Compile(HealthResponse).Check(answer.json())).toBe(true);
    expect((await server.app.inject('/ready')).statusCode).toBe(200);
    isAway = false;
    expect((await server.app.inject('/health')).json().checks.rate_limiter).toEqual({ status: 'healthy' });
    expect(lines.map(({ message }) => message)).toEqual(['Health check failed', 'Health check passes again']);
  });

  it('gives a check that hangs two seconds', async () => {
    await start({ checks: { database: () => new Promise<void>(() => {}) } });
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const pending = server.app.inject('/health');
    await vi.advanceTimersByTimeAsync(1900);
    await vi.advanceTimersByTimeAsync(200);
    const answer = await pending;
    expect(answer.statusCode).toBe(503);
    expect(answer.json().checks.database.message).toBe('No answer within 2000 ms');
  });

  it('asks once for all who ask at the same time', async () => {
    let asked = 0;
    await start({
      checks: {
        async database() {
          asked += 1;
          await new Promise((resolve) => setTimeout(resolve, 20));
        },
      },
    });
    await Promise.all(Array.from({ length: 20 }, () => server.app.inject('/health')));
    expect(asked).toBe(1);
  });
});

describe('/ready', () => {
  const ready = async () => {
    const answer = await server.app.inject('/ready');
    expect(Compile(ReadyResponse).Check(answer.json())).toBe(true);
    return [answer.statusCode, answer.json().status];
  };

  it('follows what the service cannot work without', async () => {
    let away = true;
    await start({
      checks: {
        database: async () => {
          if (away) throw unavailable('away');
        },
      },
      essentialChecks: ['database'],
    });
    await server.listen('127.0.0.1', 0);
    expect(await ready()).toEqual([503, 'not_ready']);
    away = false;
    expect(await ready()).toEqual([200, 'ready']);
  });

  it('follows starting and stopping, whatever else is away', async () => {
    await start({
      checks: {
        database: async () => {
          throw unavailable('away');
        },
      },
    });
    expect(await ready()).toEqual([503, 'not_ready']);
    await server.listen('127.0.0.1', 0);
    expect(await ready()).toEqual([200, 'ready']);
    server.drain();
    expect(await ready()).toEqual([503, 'not_ready']);
  });
});

it('/metrics shows what the process renders', async () => {
  await start({});
  const answer = await server.app.inject('/metrics');
  expect(answer.headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8');
  expect(answer.body).toBe('figures 1\n');
});
