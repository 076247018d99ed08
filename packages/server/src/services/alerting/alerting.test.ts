import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import type { AlertsServerFrame } from '@streamflow/contracts';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { silentLog } from '../../domain/log.ts';
import { systemTimers } from '../../domain/timers.ts';
import type { LiveMessage } from '../../engines/bus/port.ts';
import type { HistoryPoint } from '../../engines/event-store/port.ts';
import { startTestServer } from '../../http/server.fixture.ts';
import type { Service } from '../../http/service.ts';
import { openTestRecords, type TestRecords } from '../../ledger/test-records.fixture.ts';
import { createTestLive, freeMetrics, project, type TestLive } from './alerting.fixture.ts';
import { createAlerting } from './alerting.ts';
import { createNotifiers } from './create-notifiers.ts';
import {
  type HttpReceiver,
  type MailReceiver,
  startHttpReceiver,
  startMailReceiver,
} from './receivers.fixture.ts';

/* The whole service with its real clock, on real records, with real receivers. */

describe('alerting', () => {
  let records: TestRecords;
  let service: Service;
  let live: TestLive;
  let history: HistoryPoint[] = [];
  let stored = 0;
  let server: Awaited<ReturnType<typeof startTestServer>>;
  let base = '';
  let hooks: HttpReceiver;
  let mail: MailReceiver;
  const fired: string[] = [];
  const secondNow = () => Math.floor(Date.now() / 1000) * 1000;

  const call = async (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) => {
    const response = await fetch(base + path, {
      method,
      headers: {
        authorization: 'Bearer local',
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: response.status, etag: response.headers.get('etag'), body: await response.json() };
  };
  const until = async <T>(what: string, look: () => T | undefined | Promise<T | undefined>): Promise<T> => {
    const deadline = Date.now() + 15_000;
    while (Date.now() < deadline) {
      const found = await look();
      if (found !== undefined) return found;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    throw new Error(`It did not come: ${what}`);
  };
  const errors = (count: number) => {
    for (let n = 0; n < count; n++)
      live.measure('error_count', secondNow(), 1, { type: 'error', source: 'api' });
  };
  const made: string[] = [];
  const makeRule = async (rule: Record<string, unknown>): Promise<string> => {
    const { status, body } = await call('POST', '/rules', { condition: 'errors > 2', window: '2s', ...rule });
    expect([status, body.message]).toEqual([201, 'Rule created successfully']);
    made.push(body.data.id);
    return body.data.id;
  };

  beforeAll(async () => {
    records = await openTestRecords({ now: Date.now });
    hooks = await startHttpReceiver();
    mail = await startMailReceiver('ann', 'secret');
    live = createTestLive();
    Object.defineProperty(live, 'watermark', { get: secondNow });
    const subscribers = new Set<(message: LiveMessage) => void>();
    service = createAlerting({
      bus: {
        ping: async () => {},
        publishLive: (_exchange, message) => {
          for (const each of subscribers) each(message);
        },
        subscribeLive: async (_exchange, _pattern, onMessage) => {
          subscribers.add(onMessage);
          return { close: async () => void subscribers.delete(onMessage) };
        },
      },
      records: records.store,
      events: {
        history: async () => history,
        async *export() {},
        aggregate: async () => ({ aggregations: {}, total: stored, period: { start: null, end: null } }),
      },
      live,
      defined: freeMetrics,
      ruleFiles: [],
      maxTagValues: 100,
      notifiers: createNotifiers({
        allowPrivateTargets: true,
        allowedNetworks: [],
        mailServer: {
          url: `smtp://ann:secret@127.0.0.1:${mail.port}?tls.rejectUnauthorized=false`,
          from: 'alerts@example.org',
        },
        smsAccount: { apiUrl: hooks.url, sid: 'AC', token: 't', from: '+15550100' },
        now: Date.now,
      }),
      secrets: ['a secret of the tests, of at least 32 bytes'],
      publicUrl: null,
      project,
      alone: true,
      clock: { now: Date.now },
      timers: systemTimers,
      random: Math.random,
      newId: randomUUID,
      metrics: { onFired: (level) => fired.push(level), onNotification: () => {}, onEvaluation: () => {} },
      log: silentLog,
      delivery: { firstWaitMs: 50 },
    });
    server = await startTestServer([], { service, clock: { now: Date.now } });
    const { port } = await server.listen('127.0.0.1', 0);
    base = `http://127.0.0.1:${port}`;
    await service.start();
  });
  afterEach(async () => {
    for (const id of made.splice(0)) await call('DELETE', `/rules/${id}`);
    hooks.answer = { status: 200 };
  });
  afterAll(async () => {
    await service.stop();
    await server.close();
    await Promise.all([hooks.close(), mail.close()]);
    await records.close();
  });

  it('keeps rules, each with its defaults, and changes them only from the version that was read', async () => {
    const { status, etag, body } = await call('POST', '/rules', {
      name: 'High error rate',
      condition: 'error_rate > 0.05',
    });
    expect([status, etag]).toEqual([201, '"1"']);
    const { id } = body.data;
    made.push(id);
    expect(body.data).toMatchObject({
      window: '5m',
      level: 'warning',
      channels: [],
      for: '0s',
      enabled: true,
      threshold: 0,
    });
    expect((await call('GET', `/rules/${id}`)).body.data).toEqual(body.data);
    const changed = await call('PATCH', `/rules/${id}`, { level: 'critical' }, { 'if-match': '"1"' });
    expect([changed.status, changed.etag, changed.body.data.level, changed.body.data.condition]).toEqual([
      200,
      '"2"',
      'critical',
      'error_rate > 0.05',
    ]);
    expect((await call('PATCH', `/rules/${id}`, { level: 'info' }, { 'if-match': '"1"' })).status).toBe(409);
    const replaced = await call(
      'PUT',
      `/rules/${id}`,
      { name: 'Other', condition: 'events' },
      { 'if-match': '"2"' },
    );
    expect(replaced.body.data).toMatchObject({ name: 'Other', level: 'warning', version: 3 });
    expect((await call('POST', '/rules', { name: 'Other', condition: 'events' })).status).toBe(409);
    const list = await call('GET', '/rules?enabled=true&limit=1');
    expect(list.body.pagination).toMatchObject({ total: 1, has_next: false });
    expect((await call('DELETE', `/rules/${id}`)).body.data.id).toBe(id);
    expect((await call('GET', `/rules/${id}`)).status).toBe(404);
    expect((await call('PUT', `/rules/${id}`, { name: 'x', condition: 'events' })).status).toBe(404);
  });

  it.each([
    [
      { condition: 'response_time > 1', group_by: ['source', 'type'] },
      'group_by',
      /response_time has no tag type; it has source/,
    ],
    [
      { condition: 'count(event.type == "error") > 1', group_by: ['page'] },
      'group_by',
      /count\(…\) has no tag page; it has type, source/,
    ],
    [{ condition: 'users > 1', group_by: ['source'] }, 'group_by', /active_users .* cannot be grouped/],
    [{ condition: 'eror_rate > 1' }, 'condition', /Unknown variable: eror_rate \(at character 1\)/],
    [{ condition: 'errors > "x"' }, 'condition', /no such overload/],
    [{ condition: 'errors > 1', resolve_condition: 'errors <' }, 'resolve_condition', /Unexpected token/],
    [{ condition: 'errors > 1', window: '25h' }, 'window', /from 1s to 24h/],
    [{ condition: 'errors > 1', window: '0s' }, 'window', /from 1s/],
    [{ condition: 'change(errors, "24h") > 1' }, 'condition', /longer than 24h/],
    [{ condition: 'errors > 1', for: '8d' }, 'for', /168h/],
    [{ condition: 'errors > 1', channels: ['webhook:nowhere'] }, 'channels', /no channel webhook:nowhere/],
    [{ condition: 'errors > 1', channels: ['pigeon'] }, 'channels.0', /match/],
    [{ condition: 'errors > 1', level: 'awful' }, 'level', /one of info/],
    [{ condition: 'errors > 1', extra: 1 }, 'extra', /not a known field/],
    [{ condition: 'errors > 1', threshold: 'x' }, 'threshold', /number/],
  ])('refuses the rule %j', async (rule, field, message) => {
    const { status, body } = await call('POST', '/rules', { name: 'Bad', ...rule });
    expect([status, body.error, body.details.field]).toEqual([422, 'ValidationError', field]);
    expect(body.message).toMatch(message);
  });

  it('says where in an expression the error is', async () => {
    const { body } = await call('POST', '/rules', { name: 'Bad', condition: 'errors > 1 && nothing > 2' });
    expect(body.details.position).toEqual({ start: 14, end: 21 });
  });

  it('never gives away what is secret of a channel, and keeps it encrypted', async () => {
    const secret = 'a very secret word';
    const url = `${hooks.url}/T0KEN/path?key=T0KEN`;
    const { status, body } = await call('POST', '/channels', {
      type: 'webhook',
      name: 'sec',
      config: { url, secret },
    });
    expect(status).toBe(201);
    expect(body.data.config).toEqual({ url: `${hooks.url}/…`, format: 'streamflow', secret_set: true });
    const { id } = body.data;
    const shown = JSON.stringify([
      body,
      (await call('GET', `/channels/${id}`)).body,
      (await call('GET', '/channels')).body,
    ]);
    expect(shown).not.toContain(secret);
    expect(shown).not.toContain('T0KEN');
    const kept = `${await readFile(records.file, 'latin1')}${await readFile(`${records.file}-wal`, 'latin1')}`;
    expect(kept).toContain('sealed_config');
    expect(kept).not.toContain(secret);
    expect(kept).not.toContain('T0KEN');
    const tested = await call('POST', `/channels/${id}/test`);
    expect(tested.body.data).toMatchObject({ delivered: true, error: null });
    expect(hooks.received.at(-1)?.path).toBe('/T0KEN/path?key=T0KEN');
    expect(JSON.parse(hooks.received.at(-1)?.body ?? '')).toMatchObject({ kind: 'test' });
    hooks.answer = { status: 404, body: 'gone' };
    expect((await call('POST', `/channels/${id}/test`)).body.data).toMatchObject({
      delivered: false,
      error: expect.stringMatching(/404: gone/),
    });
    expect((await call('PATCH', `/channels/${id}`, { config: { url: 'ftp://x' } })).body.details.field).toBe(
      'config.url',
    );
    expect((await call('POST', '/channels', { type: 'webhook', name: 'sec', config: { url } })).status).toBe(
      409,
    );
    expect(
      (await call('POST', '/channels', { type: 'email', name: 'x', config: { to: ['nobody'] } })).status,
    ).toBe(422);
    expect((await call('DELETE', `/channels/${id}`)).status).toBe(200);
  });

  it('lets readers read and nothing else', async () => {
    for (const [method, path] of [
      ['POST', '/rules'],
      ['POST', '/channels'],
      ['POST', '/silences'],
      ['GET', '/alerts'],
    ] as const) {
      const body = method === 'POST' ? { body: '{}' } : {};
      const response = await fetch(base + path, {
        method,
        headers: { authorization: 'Bearer writer-key', 'content-type': 'application/json' },
        ...body,
      });
      expect(response.status).toBe(403);
    }
  });

  it('tells the right people within seconds, by every way, and again until they have it', async () => {
    for (const channel of [
      { type: 'webhook', name: 'flaky', config: { url: `${hooks.url}/hook`, secret: 'secret of ours' } },
      { type: 'slack', name: 'room', config: { webhook_url: `${hooks.url}/slack` } },
      { type: 'email', name: 'team', config: { to: ['team@example.org'] } },
      { type: 'sms', name: 'phone', config: { to: ['+12025550123'] } },
    ])
      expect((await call('POST', '/channels', channel)).status).toBe(201);
    const socket = new WebSocket(`${base.replace('http', 'ws')}/ws/alerts`);
    const frames: AlertsServerFrame[] = [];
    socket.on('message', (data) => frames.push(JSON.parse(String(data))));
    await once(socket, 'open');
    socket.send(JSON.stringify({ type: 'auth', token: 'local' }));
    await until('ready', () => frames.find(({ type }) => type === 'ready'));

    hooks.answer = 'die';
    hooks.received.length = 0;
    const rule = await makeRule({
      name: 'Everyone',
      level: 'error',
      channels: ['webhook', 'slack', 'email:team', 'sms'],
      // Long enough for everything that is looked at while it fires.
      window: '6s',
    });
    const begun = Date.now();
    errors(3);
    const first = await until('a try', () => hooks.received.find(({ path }) => path === '/hook'));
    hooks.answer = { status: 200 };
    const got = async (path: string) =>
      until(path, () => hooks.received.filter((one) => one.path === path).at(-1));
    const again = await until('another try', () => hooks.received.filter(({ path }) => path === '/hook')[1]);
    expect(again.headers['x-streamflow-notification']).toBe(first.headers['x-streamflow-notification']);
    expect(again.body).toBe(first.body);
    await got('/slack');
    await got('/2010-04-01/Accounts/AC/Messages.json');
    const message = await until('a mail', () => mail.mails[0]);
    expect(message.text).toContain('Subject: [FIRING] error: Everyone');
    expect(Date.now() - begun).toBeLessThan(6000);
    expect(fired).toEqual(['error']);

    const { data } = (await call('GET', `/alerts?status=firing&rule=${rule}`)).body;
    expect(data).toHaveLength(1);
    const [alert] = data;
    expect(alert).toMatchObject({ rule_name: 'Everyone', status: 'firing', explanation: { value: 3 } });
    const taken = await call('POST', `/alerts/${alert.id}/acknowledge`, { comment: 'I look' });
    expect(taken.body.data).toMatchObject({ status: 'acknowledged', acknowledged_by: 'local' });
    await until('the end', async () => {
      const { body } = await call('GET', `/alerts/${alert.id}`);
      return body.data.status === 'resolved' ? body : undefined;
    });
    await until('the end by mail', () => mail.mails[1]);
    await until('all written', async () =>
      (await call('GET', '/alerts/stats')).body.data.notifications.pending === 0 ? true : undefined,
    );
    const { body } = await call('GET', `/alerts/${alert.id}`);
    const timeline = body.data.timeline.map(({ what, by, comment }: Record<string, string>) => [
      what,
      by,
      comment,
    ]);
    expect(timeline).toContainEqual(['acknowledged', 'local', 'I look']);
    expect(timeline.filter(([what]: string[]) => what === 'delivered')).toHaveLength(8);
    expect((await call('POST', `/alerts/${alert.id}/acknowledge`, {})).status).toBe(409);
    const told = frames.flatMap((frame) => (frame.type === 'alert' ? [frame.event] : []));
    expect(told).toEqual(['firing', 'acknowledged', 'resolved']);
    const { data: stats } = (await call('GET', '/alerts/stats')).body;
    expect(stats).toMatchObject({
      by_level: { error: 1 },
      by_rule: { Everyone: 1 },
      notifications: { delivered: 8, failed: 0 },
    });
    socket.close();
  });

  it('silences an alert, and lets a person resolve it', async () => {
    await makeRule({ name: 'Loud', window: '1h', group_by: ['source'] });
    errors(3);
    const alert = await until('an alert', async () => {
      const { body } = await call('GET', '/alerts?status=firing');
      return body.data.find(({ rule_name }: { rule_name: string }) => rule_name === 'Loud');
    });
    expect(alert.group).toEqual({ source: 'api' });
    const silence = await call('POST', `/alerts/${alert.id}/silence`, { minutes: 5, comment: 'known' });
    expect(silence.status).toBe(201);
    expect(silence.body.data).toMatchObject({
      state: 'active',
      matchers: [{ name: 'rule_id' }, { name: 'source', value: 'api' }],
    });
    const ended = await call('DELETE', `/silences/${silence.body.data.id}`);
    expect(ended.body.data.state).toBe('expired');
    expect((await call('GET', '/silences')).body.data).toHaveLength(1);
    const resolved = await call('POST', `/alerts/${alert.id}/resolve`, {});
    expect(resolved.body.data).toMatchObject({
      status: 'resolved',
      timeline: expect.arrayContaining([expect.objectContaining({ what: 'resolved', by: 'local' })]),
    });
    // The condition still holds, and it does not fire again.
    await new Promise((resolve) => setTimeout(resolve, 2200));
    expect((await call('GET', '/alerts?status=firing')).body.data).toEqual([]);
    expect(
      (
        await call('POST', '/silences', {
          matchers: [{ name: 'rule', value: 'x' }],
          ends_at: '2020-01-01T00:00:00Z',
        })
      ).body.details.field,
    ).toBe('ends_at');
  });

  it('tries a rule on what is stored', async () => {
    const from = Date.UTC(2023, 11, 1);
    const at = (seconds: number, count: number): HistoryPoint => ({
      timestamp: from + seconds * 1000,
      events: count,
      errors: count,
      uniqueUsers: 0,
    });
    history = [at(10, 3), at(11, 4), at(100, 9)];
    const rule = { name: 'Tried', condition: 'errors > 2', window: '5s', channels: ['webhook'], for: '2s' };
    const { body } = await call('POST', '/rules/preview', {
      rule,
      from: new Date(from).toISOString(),
      to: new Date(from + 200_000).toISOString(),
    });
    expect(body.data.step).toBe('1s');
    expect(body.data.firings).toEqual([
      { from: '2023-12-01T00:00:13.000Z', to: '2023-12-01T00:00:17.000Z', group: {}, peak: 7 },
      { from: '2023-12-01T00:01:43.000Z', to: '2023-12-01T00:01:46.000Z', group: {}, peak: 9 },
    ]);
    expect(
      body.data.notifications.map(({ at: time, kind }: Record<string, string>) => `${time} ${kind}`),
    ).toEqual([
      '2023-12-01T00:00:13.000Z firing',
      '2023-12-01T00:00:17.000Z resolved',
      '2023-12-01T00:01:43.000Z firing',
      '2023-12-01T00:01:46.000Z resolved',
    ]);
    expect((await call('GET', '/rules')).body.data).toEqual([]);
    const one = {
      rule: { ...rule, condition: 'p95(response_time) > 1' },
      from: '2023-12-01T00:00:00Z',
      to: '2023-12-02T00:00:00Z',
    };
    expect((await call('POST', '/rules/preview', one)).body.data.firings).toEqual([]);
    stored = 200_001;
    const crowded = await call('POST', '/rules/preview', one);
    expect([crowded.status, crowded.body.details.field]).toEqual([422, 'from']);
    const dense = await call('POST', '/rules/preview', {
      rule,
      from: '2023-12-01T00:00:00Z',
      to: '2023-12-30T00:00:00Z',
    });
    expect([dense.status, dense.body.details.field]).toEqual([422, 'to']);
    expect(dense.body.message).toMatch(/at most 138 hours/);
    const long = await call('POST', '/rules/preview', {
      rule,
      from: '2023-12-01T00:00:00Z',
      to: '2024-12-02T00:00:00Z',
    });
    expect([long.status, long.body.details.field]).toEqual([422, 'to']);
  });

  it('dismisses sockets that say nothing sensible', async () => {
    const socket = new WebSocket(`${base.replace('http', 'ws')}/ws/alerts`);
    await once(socket, 'open');
    socket.send('{"type":"ping"}');
    const [code] = await once(socket, 'close');
    expect(code).toBe(1008);
  });

  it('answers what a socket says behind its token after the open alerts, and stays open', async () => {
    const socket = new WebSocket(`${base.replace('http', 'ws')}/ws/alerts`);
    const frames: AlertsServerFrame[] = [];
    socket.on('message', (data) => frames.push(JSON.parse(String(data))));
    await once(socket, 'open');
    for (const frame of [
      { type: 'auth', token: 'local' },
      { type: 'shout', ref: 'a' },
      { type: 'ping', ref: 'b' },
    ])
      socket.send(JSON.stringify(frame));
    await until('three frames', () => frames[2]);
    expect(frames).toMatchObject([
      { type: 'ready' },
      { type: 'error', error: 'ValidationError', ref: 'a' },
      { type: 'pong', ref: 'b' },
    ]);
    socket.close();
    await once(socket, 'close');
  });
});
