import { randomUUID } from 'node:crypto';
import type { Alert, AlertDetail, AlertStats, ServiceName } from '@streamflow/contracts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { HttpReceiver } from '../../packages/server/src/services/alerting/receivers.fixture.ts';
import {
  type AlertReceivers,
  type BadReceivers,
  receiverNames,
  startAlertReceivers,
  startBadReceivers,
} from './alert-receivers.ts';
import { post, signIn } from './api.ts';
import {
  freePorts,
  type ServerProcess,
  type StartOptions,
  startServer,
  temporaryDirectory,
  wait,
} from './server-process.ts';
import { createSharedEngines, describeWithServers, type SharedEngines } from './shared-engines.ts';

/*
 * A checkout begins to fail: whoever is on call is told once, takes the alert on, and is told once that it is over,
 * whatever dies meanwhile. Deadlines are those of a machine that is busy with other things; counts are exact.
 */

const soonMs = 30_000;
/** Two evaluations, in which nobody may be told anything more. */
const settleMs = 2500;

const rule = {
  name: 'Checkout fails',
  condition: 'error_rate > threshold',
  threshold: 0.2,
  window: '5m',
  level: 'error',
  channels: ['webhook', 'slack', 'email'],
};
const firing = '[FIRING] error: Checkout fails';
const resolved = '[RESOLVED] error: Checkout fails';
/** The rate that these make together is over the threshold, and with the purchases under it. */
const failures = 40;
const purchases = 360;

let receivers: AlertReceivers;
let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
const running: ServerProcess[] = [];

beforeEach(async () => {
  [receivers, directory] = await Promise.all([startAlertReceivers(), temporaryDirectory()]);
});
afterEach(async () => {
  await Promise.all(running.splice(0).map((server) => server.kill9()));
  await receivers.close();
  await directory.remove();
}, 60_000);

async function start(options: StartOptions): Promise<ServerProcess> {
  const server = await startServer(options);
  running.push(server);
  return server;
}

async function ask<T>(server: ServerProcess, token: string, path: string, body?: unknown): Promise<T> {
  const answer = await fetch(server.url('alerting', path), {
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
  });
  if (!answer.ok) throw new Error(`${path} answered ${answer.status}: ${await answer.text()}`);
  return answer.json();
}

/** Tells the server whom to tell, and when. */
async function makeRule(server: ServerProcess, token: string): Promise<void> {
  for (const channel of receivers.channels) await ask(server, token, '/channels', channel);
  await ask(server, token, '/rules', rule);
}

async function send(server: ServerProcess, token: string, type: string, events: number): Promise<void> {
  const made = Array.from({ length: events }, () => ({
    id: randomUUID(),
    type,
    source: 'checkout',
    data: { cart: 1 },
  }));
  const answer = await post(server, token, '/events/batch', { events: made });
  expect(answer.status).toBe(201);
}

/** Waits until each receiver was told exactly this. */
async function everybodyIsTold(...titles: readonly string[]): Promise<void> {
  await expect
    .poll(() => titlesTold(), { timeout: soonMs, interval: 50 })
    .toEqual(Object.fromEntries(receiverNames.map((name) => [name, titles])));
}

function titlesTold(): Record<string, string[]> {
  const told = receivers.told();
  return Object.fromEntries(receiverNames.map((name) => [name, told[name].map(({ title }) => title)]));
}

interface AlertingHealth {
  readonly checks: { readonly evaluating: number; readonly rules_waiting: number };
}

/** Whether this process evaluates, and has evaluated every rule. */
async function hasEvaluated(server: ServerProcess): Promise<boolean> {
  const answer = await fetch(server.url('alerting', '/health'));
  const { checks }: AlertingHealth = await answer.json();
  return checks.evaluating === 1 && checks.rules_waiting === 0;
}

async function theAlert(server: ServerProcess, token: string): Promise<Alert> {
  const { data }: { data: Alert[] } = await ask(server, token, '/alerts');
  const [alert] = data;
  if (alert === undefined || data.length > 1) throw new Error(`There are ${data.length} alerts, not one`);
  return alert;
}

const whatHappened = async (server: ServerProcess, token: string, id: string): Promise<string[]> => {
  const { data }: { data: AlertDetail } = await ask(server, token, `/alerts/${id}`);
  return data.timeline.map(({ what }) => what);
};

/** The notification that each try was of. */
const idsTold = ({ received }: HttpReceiver): unknown[] =>
  received.map(({ headers }) => headers['x-streamflow-notification']);

async function deliveries(server: ServerProcess, token: string): Promise<AlertStats['notifications']> {
  const { data }: { data: AlertStats } = await ask(server, token, '/alerts/stats');
  return data.notifications;
}

/** An alert goes to a webhook that is well and to four that are not; those that get well are told, by the same id. */
async function othersHoldNobodyUp(
  front: ServerProcess,
  server: ServerProcess,
  token: string,
  bad: BadReceivers,
): Promise<void> {
  for (const channel of [...receivers.channels, ...bad.channels])
    await ask(server, token, '/channels', channel);
  await ask(server, token, '/rules', rule);
  await send(front, token, 'error', failures);
  await everybodyIsTold(firing);
  const { hangs, fails, dies, redirects, elsewhere } = bad;
  // Each is tried by itself, and again.
  await expect
    .poll(() => [fails, dies].every(({ received }) => received.length >= 2) && hangs.received.length > 0, {
      timeout: soonMs,
    })
    .toBe(true);
  await expect
    .poll(() => deliveries(server, token), { timeout: soonMs })
    .toEqual({ pending: 3, delivered: receiverNames.length, failed: 1 });

  fails.answer = { status: 200 };
  dies.answer = { status: 200 };
  await expect
    .poll(() => deliveries(server, token), { timeout: soonMs })
    .toEqual({ pending: 1, delivered: receiverNames.length + 2, failed: 1 });
  for (const receiver of [fails, dies]) expect(new Set(idsTold(receiver)).size).toBe(1);
  const ids = [hangs, fails, dies, redirects].map((receiver) => idsTold(receiver)[0]);
  expect(new Set(ids).size).toBe(ids.length);

  // A redirect is an answer, and a bad one: nobody is told where it points to.
  expect([redirects.received.length, elsewhere.received.length]).toEqual([1, 0]);
  const { id } = await theAlert(server, token);
  const { data }: { data: AlertDetail } = await ask(server, token, `/alerts/${id}`);
  const failed = data.timeline.filter(({ what }) => what === 'delivery_failed');
  expect(failed.map(({ comment }) => comment)).toEqual([
    expect.stringMatching(/^webhook:redirects: .*redirects \(302\)/),
  ]);
}

describe('alerts of a whole server', () => {
  let bad: BadReceivers;
  beforeEach(async () => {
    bad = await startBadReceivers();
  });
  afterEach(() => bad.close());

  it('reach whoever is well while others hang, fail, redirect and die, and those once they are well', async () => {
    const server = await start({
      dataDirectory: directory.path,
      ports: await freePorts(),
      env: receivers.env,
    });
    const token = await signIn(server);
    await othersHoldNobodyUp(server, server, token, bad);

    // Who hangs is let go after the deadline of a try, and is then told all of it in order.
    await send(server, token, 'custom.paid', purchases);
    await everybodyIsTold(firing, resolved);
    bad.hangs.answer = { status: 200 };
    await expect
      .poll(() => deliveries(server, token), { timeout: soonMs })
      .toEqual({ pending: 0, delivered: 2 * (receiverNames.length + 3), failed: 2 });
    const ids = idsTold(bad.hangs);
    expect(ids.slice(0, -1)).toEqual(Array(ids.length - 1).fill(ids[0]));
    expect(ids.length).toBeGreaterThan(2);
    expect(ids.at(-1)).not.toBe(ids[0]);
  }, 180_000);

  it('reach everybody once, are taken on, and end once, though the server is killed twice', async () => {
    const options = { dataDirectory: directory.path, ports: await freePorts(), env: receivers.env };
    let server = await start(options);
    const token = await signIn(server);
    await makeRule(server, token);
    await send(server, token, 'custom.paid', failures);
    await wait(settleMs);
    await everybodyIsTold();

    await send(server, token, 'error', failures);
    await everybodyIsTold(firing);
    const { id, explanation } = await theAlert(server, token);
    expect(explanation).toMatchObject({ value: 0.5, threshold: 0.2 });
    expect(explanation.contributors[0]).toMatchObject({
      group: { type: 'error' },
      value: failures,
      before: 0,
    });
    expect(JSON.parse(receivers.webhook.received[0]?.body ?? '')).toMatchObject({ alerts: [{ id }] });
    await ask(server, token, `/alerts/${id}/acknowledge`, { comment: 'Looking' });

    await server.kill9();
    server = await start(options);
    await expect.poll(() => hasEvaluated(server), { timeout: soonMs }).toBe(true);
    await wait(settleMs);
    await everybodyIsTold(firing);
    expect(await theAlert(server, token)).toMatchObject({ id, status: 'acknowledged' });

    // It is over with this answer; nobody has evaluated it yet.
    await send(server, token, 'custom.paid', purchases);
    await server.kill9();
    server = await start(options);
    await everybodyIsTold(firing, resolved);
    await wait(settleMs);
    await everybodyIsTold(firing, resolved);
    expect(await theAlert(server, token)).toMatchObject({ id, status: 'resolved' });
    const happened = await whatHappened(server, token, id);
    expect(happened.filter((what) => what !== 'delivered')).toEqual([
      'firing',
      'notified',
      'acknowledged',
      'resolved',
    ]);
    expect(happened.filter((what) => what === 'delivered')).toHaveLength(2 * receiverNames.length);
  }, 180_000);
});

await describeWithServers('alerts of services apart', () => {
  let engines: SharedEngines;
  let bad: BadReceivers;

  beforeEach(async () => {
    [engines, bad] = await Promise.all([createSharedEngines(), startBadReceivers()]);
  });
  afterEach(() => bad.close());
  afterEach(async () => {
    await engines.remove();
  }, 60_000);

  async function startServices(...services: ServiceName[]): Promise<ServerProcess> {
    const env = { ...engines.env, ...receivers.env };
    return start({ dataDirectory: directory.path, ports: await freePorts(), env, services });
  }

  it('reach whoever is well while others hang, fail, redirect and die', async () => {
    const [front, alerting] = await Promise.all([
      startServices('ingestion', 'storage', 'analytics'),
      startServices('alerting'),
    ]);
    const token = await signIn(front);
    await expect.poll(() => hasEvaluated(alerting), { timeout: soonMs }).toBe(true);
    await othersHoldNobodyUp(front, alerting, token, bad);
  }, 180_000);

  it('are taken over from an evaluator that dies, who repeats at most what was under way', async () => {
    const [front, ...replicas] = await Promise.all([
      startServices('ingestion', 'storage', 'analytics'),
      startServices('alerting'),
      startServices('alerting'),
    ]);
    const token = await signIn(front);
    await makeRule(replicas[0], token);
    const evaluating = () => Promise.all(replicas.map(hasEvaluated));
    await expect.poll(evaluating, { timeout: soonMs }).toContain(true);
    const active = (await evaluating())[0] ? replicas[0] : replicas[1];
    const other = active === replicas[0] ? replicas[1] : replicas[0];
    expect(await hasEvaluated(other)).toBe(false);

    // The webhook takes the message and never answers: it is under way when the evaluator dies.
    receivers.webhook.answer = 'hang';
    await send(front, token, 'custom.paid', failures);
    await send(front, token, 'error', failures);
    await everybodyIsTold(firing);
    const delivered = async (): Promise<number> => (await deliveries(other, token)).delivered;
    await expect.poll(delivered, { timeout: soonMs }).toBe(2);
    await active.kill9();
    receivers.webhook.answer = { status: 200 };

    await expect.poll(() => hasEvaluated(other), { timeout: soonMs }).toBe(true);
    await expect.poll(delivered, { timeout: soonMs }).toBe(3);
    const [first, again] = receivers.webhook.received;
    expect(again?.headers['x-streamflow-notification']).toBe(first?.headers['x-streamflow-notification']);
    expect(again?.body).toBe(first?.body);

    await send(front, token, 'custom.paid', purchases);
    await expect.poll(delivered, { timeout: soonMs }).toBe(6);
    await wait(settleMs);
    expect(titlesTold()).toEqual({
      webhook: [firing, firing, resolved],
      slack: [firing, resolved],
      mail: [firing, resolved],
    });
    expect(await theAlert(other, token)).toMatchObject({ status: 'resolved' });
  }, 180_000);
});
