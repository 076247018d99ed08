import { once } from 'node:events';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { parse } from 'yaml';
import { createMetrics } from '../../packages/server/src/observability/metrics.ts';
import { exportedNames, queriedNames } from '../deploy/metric-names.ts';
import { describeWithProgram, run } from '../deploy/programs.ts';
import { post, signIn } from './api.ts';
import { startPrometheus } from './prometheus-process.ts';
import { freePorts, type ServerProcess, startServer, temporaryDirectory } from './server-process.ts';
import { startTraceReceiver, type TraceReceiver } from './trace-receiver.ts';

let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
let receiver: TraceReceiver;
let server: ServerProcess;
let token: string;

beforeAll(async () => {
  directory = await temporaryDirectory();
  receiver = await startTraceReceiver();
  server = await startServer({
    dataDirectory: directory.path,
    ports: await freePorts(),
    env: {
      JAEGER_ENABLED: 'true',
      JAEGER_ENDPOINT: receiver.endpoint,
      // Only what a caller has sampled is traced, so that each test knows its spans.
      JAEGER_SAMPLE_RATIO: '0',
      OTEL_BSP_SCHEDULE_DELAY: '100',
      ALERTING_ALLOW_PRIVATE_TARGETS: 'true',
    },
  });
  token = await signIn(server);
}, 90_000);
afterAll(async () => {
  await server?.stop();
  await receiver?.close();
  await directory.remove();
}, 60_000);

const event = { type: 'web.click', source: 'website', data: {} };

describe('traces', () => {
  it('follow an event from its request over the bus into the store, in one trace with that of the caller', async () => {
    const [traceId, caller] = ['4bf92f3577b34da6a3ce929d0e0e4736', '00f067aa0ba902b7'];
    const answer = await fetch(server.url('ingestion', '/events'), {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        authorization: `Bearer ${token}`,
        traceparent: `00-${traceId}-${caller}-01`,
        'x-correlation-id': 'order-17',
      },
      body: JSON.stringify(event),
    });
    expect(answer.status).toBe(201);
    const spans = await vi.waitFor(
      () => {
        const found = receiver.spans.filter((span) => span.traceId === traceId);
        expect(found.map(({ name }) => name).toSorted()).toEqual([
          'POST /events',
          'publish web.click',
          'store events',
        ]);
        return new Map(found.map((span) => [span.name, span]));
      },
      { timeout: 10_000 },
    );
    expect(spans.get('POST /events')?.parentSpanId).toBe(caller);
    expect(spans.get('publish web.click')?.parentSpanId).toBe(spans.get('POST /events')?.spanId);
    expect(spans.get('store events')?.parentSpanId).toBe(spans.get('publish web.click')?.spanId);
    expect(spans.get('POST /events')).toMatchObject({
      service: 'streamflow',
      attributes: {
        'http.route': '/events',
        'http.response.status_code': 201,
        'streamflow.correlation_id': 'order-17',
      },
    });
    for (const { startTimeUnixNano, endTimeUnixNano } of spans.values())
      expect(BigInt(endTimeUnixNano) >= BigInt(startTimeUnixNano)).toBe(true);
  });

  it('go on to the alert that it raises, to the notification, and to whom it is sent', async () => {
    const [traceId, caller] = ['5bf92f3577b34da6a3ce929d0e0e4736', '10f067aa0ba902b7'];
    const received: (string | string[] | undefined)[] = [];
    const hook = createServer((request, response) => {
      received.push(request.headers.traceparent);
      request.resume().once('end', () => response.end());
    }).listen(0, '127.0.0.1');
    await once(hook, 'listening');
    try {
      const address = hook.address();
      const url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}/`;
      const headers = {
        'content-type': 'application/json',
        authorization: `Bearer ${token}`,
        'x-correlation-id': 'rules-17',
      };
      const make = (path: string, body: object) =>
        fetch(server.url('alerting', path), { method: 'POST', headers, body: JSON.stringify(body) });
      expect((await make('/channels', { type: 'webhook', name: 'traced', config: { url } })).status).toBe(
        201,
      );
      const rule = {
        name: 'Traced',
        condition: 'error_count > 0',
        window: '10s',
        group_by: ['type'],
        channels: ['webhook:traced'],
      };
      expect((await make('/rules', rule)).status).toBe(201);
      // What is logged for a request names it.
      expect(server.output()).toMatch(/"message":"Alert rule created","correlation_id":"rules-17"/);
      const sent = await fetch(server.url('ingestion', '/events'), {
        method: 'POST',
        headers: { ...headers, traceparent: `00-${traceId}-${caller}-01` },
        body: JSON.stringify({ ...event, type: 'error' }),
      });
      expect(sent.status).toBe(201);
      const spans = await vi.waitFor(
        () => {
          const found = new Map(
            receiver.spans.filter((span) => span.traceId === traceId).map((span) => [span.name, span]),
          );
          expect([...found.keys()]).toEqual(expect.arrayContaining(['fire alert', 'notify webhook']));
          return found;
        },
        { timeout: 15_000 },
      );
      expect(spans.get('fire alert')?.parentSpanId).toBe(spans.get('publish error')?.spanId);
      expect(spans.get('fire alert')?.attributes).toMatchObject({ 'streamflow.rule.name': 'Traced' });
      expect(spans.get('notify webhook')?.parentSpanId).toBe(spans.get('fire alert')?.spanId);
      expect(received[0]).toBe(`00-${traceId}-${spans.get('notify webhook')?.spanId}-01`);
    } finally {
      hook.close();
      hook.closeAllConnections();
    }
  });

  it('have what the store is asked for a request that is traced', async () => {
    const [traceId, caller] = ['6bf92f3577b34da6a3ce929d0e0e4736', '20f067aa0ba902b7'];
    const answer = await fetch(server.url('storage', '/events?limit=1'), {
      headers: { authorization: `Bearer ${token}`, traceparent: `00-${traceId}-${caller}-01` },
    });
    expect(answer.status).toBe(200);
    await vi.waitFor(
      () => {
        const found = receiver.spans.filter((span) => span.traceId === traceId);
        const [request, query] = ['GET /events', 'list events'].map((name) =>
          found.find((span) => span.name === name),
        );
        expect(query?.parentSpanId).toBe(request?.spanId);
        expect(query?.attributes).toMatchObject({
          'db.system.name': 'clickhouse',
          'db.operation.name': 'list',
        });
      },
      { timeout: 10_000 },
    );
  });

  it('leave out what is not sampled', async () => {
    const before = receiver.spans.length;
    expect((await post(server, token, '/events', event)).status).toBe(201);
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(receiver.spans.length).toBe(before);
  });
});

const scrape = async (): Promise<string> => (await fetch(server.url('ingestion', '/metrics'))).text();

/** Of this process, and of one with a database. */
async function allNames(): Promise<ReadonlySet<string>> {
  const withDatabase = createMetrics();
  withDatabase.watchDatabase(() => ({ busy: 0, idle: 0, waiting: 0 }));
  return new Set([...exportedNames(await scrape()), ...exportedNames(await withDatabase.render())]);
}

interface RuleFile {
  readonly groups: readonly {
    readonly rules: readonly { readonly expr: string; readonly record?: string }[];
  }[];
}
const rulesOf = (name: string) => {
  const file: RuleFile = parse(
    readFileSync(new URL(`../../deploy/prometheus/rules/${name}`, import.meta.url), 'utf8'),
  );
  return file.groups.flatMap(({ rules }) => rules);
};
const rules = [...rulesOf('recording.yml'), ...rulesOf('alerts.yml')];

describe('the rules for Prometheus', () => {
  it('ask for figures that the services export, and for no others', async () => {
    const recorded = rules.flatMap(({ record }) => record ?? []);
    const known = new Set([...(await allNames()), ...recorded]);
    const asked = rules.flatMap(({ expr }) => queriedNames(expr));
    expect(asked.length).toBeGreaterThan(15);
    expect(asked.filter((name) => !known.has(name))).toEqual([]);
  });
});

interface Dashboard {
  readonly panels: readonly {
    readonly title: string;
    readonly targets: readonly { readonly expr: string }[];
  }[];
  readonly templating: { readonly list: readonly { readonly query: { readonly query: string } }[] };
}
const dashboards = new URL('../../deploy/grafana/dashboards/', import.meta.url);
const dashboardQueries = readdirSync(dashboards).flatMap((name) => {
  const { panels, templating }: Dashboard = JSON.parse(readFileSync(new URL(name, dashboards), 'utf8'));
  return [
    ...panels.flatMap(({ title, targets }) =>
      targets.map(({ expr }) => ({ where: `${name}: ${title}`, query: expr })),
    ),
    ...templating.list.map(({ query: { query } }) => ({ where: name, query })),
  ];
});

describe('the dashboards of Grafana', () => {
  it('ask for figures that the services export or the rules record, and for no others', async () => {
    const recorded = rules.flatMap(({ record }) => record ?? []);
    const known = new Set([...(await allNames()), ...recorded]);
    expect(dashboardQueries.length).toBeGreaterThan(40);
    const unknown = dashboardQueries.filter(({ query }) =>
      queriedNames(query).some((name) => !known.has(name)),
    );
    expect(unknown).toEqual([]);
  });
});

describeWithProgram('promtool', 'prometheus', () => {
  it('reads every query of the dashboards', () => {
    const queries = dashboardQueries.filter(({ query }) => !query.startsWith('label_values('));
    const file = join(directory.path, 'queries.yml');
    writeFileSync(
      file,
      JSON.stringify({
        groups: [
          {
            name: 'dashboards',
            rules: queries.map(({ query }, index) => ({
              record: `query${index}`,
              expr: query.replaceAll('$__rate_interval', '5m').replaceAll('$service', 'ingestion'),
            })),
          },
        ],
      }),
    );
    const { code, output } = run('promtool', ['check', 'rules', file]);
    expect({ code, output: code === 0 ? '' : output }).toEqual({ code: 0, output: '' });
    expect(output).toContain(`${queries.length} rules found`);
  });

  it('finds nothing to complain of in the figures of a running server', async () => {
    const { code, output } = run('promtool', ['check', 'metrics'], await scrape());
    expect({ code, output }).toEqual({ code: 0, output: '' });
  });
});

describeWithProgram('prometheus', 'prometheus', () => {
  it('scrapes the server and computes the rules', async () => {
    const target = new URL(server.url('ingestion', '/')).host;
    const prometheus = await startPrometheus(directory.path, [target]);
    try {
      await vi.waitFor(
        async () => {
          const found = await prometheus.api(`query?query=${encodeURIComponent('streamflow_build_info')}`);
          expect(found).toMatchObject({ result: [{ metric: { job: 'streamflow', instance: target } }] });
          const recorded = await prometheus.api(
            `query?query=${encodeURIComponent('streamflow:queue_depth:max')}`,
          );
          expect(recorded).toMatchObject({ result: expect.arrayContaining([expect.anything()]) });
        },
        { timeout: 20_000, interval: 200 },
      );
      const { groups }: { groups?: { rules: { name: string; health: string; lastError?: string }[] }[] } =
        Object(await prometheus.api('rules'));
      const computed = (groups ?? []).flatMap((group) => group.rules);
      expect(computed).toHaveLength(rules.length);
      expect(computed.filter(({ health }) => health === 'err')).toEqual([]);
    } finally {
      await prometheus.stop();
    }
  });
});

describe('SIGUSR2', () => {
  it('switches the log to DEBUG and back while the server runs', async () => {
    const answered = (): number => server.output().split('"Request answered"').length - 1;
    const changed = (): number => server.output().split('"The log level was changed"').length - 1;
    const ask = async (id: string): Promise<void> => {
      await fetch(server.url('storage', '/events?limit=1'), {
        headers: { authorization: `Bearer ${token}`, 'x-correlation-id': id },
      });
    };
    await ask('quiet-1');
    process.kill(server.pid, 'SIGUSR2');
    await vi.waitFor(() => expect(changed()).toBe(1));
    await ask('loud-2');
    await vi.waitFor(() => expect(server.output()).toContain('"correlation_id":"loud-2"'));
    process.kill(server.pid, 'SIGUSR2');
    await vi.waitFor(() => expect(changed()).toBe(2));
    const before = answered();
    await ask('quiet-3');
    expect(answered()).toBe(before);
    expect(server.output()).not.toMatch(/quiet-[13]/);
  });
});
