import { randomFillSync } from 'node:crypto';
import type { Event, Permission } from '@streamflow/contracts';
import { StreamFlowError } from '../../domain/errors.ts';
import { createEventTypes } from '../../domain/events/event-types.ts';
import { defaultEventLimits } from '../../domain/events/limits.ts';
import { silentLog } from '../../domain/log.ts';
import { createFakeTimers } from '../../domain/timers.fixture.ts';
import type { EventBatch } from '../../engines/bus/port.ts';
import { createHttpServer } from '../../http/server.ts';
import type { Principal } from '../../http/service.ts';
import { createMinuteCounts } from '../../ledger/minute-counts.ts';
import { createIngestion, type IngestionOptions } from './ingestion.ts';

/* The ingestion service over HTTP, on a bus and a store of which a test decides everything, with a clock that it drives. */

export { createFakeTimers, type FakeTimers, start, turns } from '../../domain/timers.fixture.ts';

export interface FakeBus {
  readonly published: EventBatch[];
  /** Lines of all published messages, parsed. */
  events(): Event[];
  /** Leaves publishes unanswered until `answer`. */
  hold: boolean;
  /** Types whose publishes are rejected. */
  readonly rejects: Set<string>;
  /** Answers what was left unanswered. */
  answer(): void;
  publish(batches: readonly EventBatch[]): Promise<void>;
  ping(): Promise<void>;
}

export function createFakeBus(): FakeBus {
  const held: (() => void)[] = [];
  const bus: FakeBus = {
    published: [],
    hold: false,
    rejects: new Set(),
    events: () =>
      bus.published.flatMap(({ body }): Event[] =>
        body
          .toString()
          .trimEnd()
          .split('\n')
          .map((line) => JSON.parse(line)),
      ),
    answer: () => {
      for (const run of held.splice(0)) run();
    },
    publish: async (batches) => {
      bus.published.push(...batches);
      if (bus.hold) await new Promise<void>((resolve) => held.push(resolve));
      if (batches.some(({ headers }) => bus.rejects.has(headers.type)))
        throw new StreamFlowError('ServiceUnavailable', 'The bus is full', { retryAfter: 2 });
    },
    ping: async () => {},
  };
  return bus;
}

const principal = (id: string, permissions: readonly Permission[], project = 'default'): Principal => ({
  kind: 'key',
  id,
  name: id,
  role: null,
  permissions: new Set(permissions),
  project,
});

const principals: Readonly<Record<string, Principal>> = {
  writer: principal('writer', ['events:write', 'events:read']),
  reader: principal('reader', ['events:read']),
  clicks: { ...principal('clicks', ['events:write']), eventTypes: ['web.click'] },
  other: principal('other', ['events:write'], 'other'),
};

export async function startIngestion(options: Partial<IngestionOptions> = {}) {
  const bus = createFakeBus();
  const timers = createFakeTimers();
  const stored = new Map<string, Event>();
  const reads: string[] = [];
  const counts: Record<string, number> = {};
  const count = (key: string, by: number): void => {
    counts[key] = (counts[key] ?? 0) + by;
  };
  const maxBodyBytes = options.maxBodyBytes ?? 5 * 1024 * 1024;
  const service = createIngestion({
    bus,
    events: {
      get: async (project, id) => {
        reads.push(id);
        return stored.get(`${project}/${id}`) ?? null;
      },
      ping: async () => {},
    },
    ledger: { counts: createMinuteCounts(), start: async () => {}, stop: async () => {} },
    clock: timers,
    timers,
    fillRandom: (bytes) => void randomFillSync(bytes),
    limits: defaultEventLimits,
    types: createEventTypes(),
    maxBodyBytes,
    anonymousProject: null,
    observer: {
      accepted: (type, by) => count(`accepted ${type}`, by),
      refused: (reason, by) => count(`refused ${reason}`, by),
      repeated: (conflict) => count(conflict ? 'conflict' : 'repeated', 1),
    },
    log: silentLog,
    ...options,
  });
  const server = await createHttpServer({
    service,
    access: {
      allowAnonymous: false,
      authenticate(credential) {
        const known = principals[credential];
        if (known === undefined)
          throw new StreamFlowError('AuthenticationRequired', 'The token is not valid');
        return known;
      },
    },
    rateLimiter: {
      take: () => ({ allowed: true, limit: 1, remaining: 1, resetAt: 0 }),
      acquire: () => () => {},
      ping: async () => {},
      close: async () => {},
    },
    rateLimits: null,
    limits: { maxBodyBytes, maxJsonDepth: defaultEventLimits.maxJsonDepth },
    metrics: {
      route: () => () => {},
      connections: () => {},
      render: async () => '',
      contentType: 'text/plain',
    },
    log: silentLog,
    clock: timers,
    corsOrigins: [],
    trustedProxies: [],
    version: '0.0.0',
  });
  const send = async (
    method: 'GET' | 'POST',
    url: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ) => {
    const answer = await server.app.inject({
      method,
      url,
      headers: {
        ...('authorization' in headers || url.includes('api_key=') ? {} : { authorization: 'Bearer writer' }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { payload: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    return { status: answer.statusCode, headers: answer.headers, body: answer.json() };
  };
  return {
    bus,
    timers,
    service,
    server,
    counts,
    reads,
    /** Puts published events into the store, as the storage service would. */
    store: (project = 'default') => {
      for (const event of bus.events()) stored.set(`${project}/${event.id}`, event);
    },
    post: (url: string, body: unknown, headers?: Record<string, string>) => send('POST', url, body, headers),
    get: (url: string, headers?: Record<string, string>) => send('GET', url, undefined, headers),
    close: async () => {
      bus.hold = false;
      bus.answer();
      await server.close(1000);
      await service.stop();
    },
  };
}
