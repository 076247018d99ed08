import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { alertRules, alertSilences } from '../../domain/records/alert-rules.ts';
import { alertCommands, alertNotifications, alertStates, alerts } from '../../domain/records/alerts.ts';
import type { RecordStore } from '../../engines/record-store/port.ts';
import { openTestRecords, type TestRecords } from '../../ledger/test-records.fixture.ts';
import {
  addChannel,
  addRule,
  begin,
  createManualTime,
  createTestEvaluator,
  createTestLive,
  project,
} from './alerting.fixture.ts';
import { DeliveryError } from './notifiers/notifier.ts';
import { raiseRevision } from './revision.ts';

describe('the evaluator', () => {
  let opened: TestRecords;
  let records: RecordStore;
  let time = createManualTime();
  let live = createTestLive();
  const errors = (count: number, seconds: number, tags: Record<string, string> = {}) => {
    for (let n = 0; n < count; n++) live.measure('error_count', begin + seconds * 1000, 1, tags);
  };
  const evaluatorOf = (more: Partial<Parameters<typeof createTestEvaluator>[0]> = {}) =>
    createTestEvaluator({ records, live, time, ...more });
  const allAlerts = async () => (await records.list(alerts, { project, limit: 100 })).records;

  beforeEach(async () => {
    time = createManualTime();
    live = createTestLive();
    opened = await openTestRecords(time.clock);
    records = opened.store;
  });
  afterEach(() => opened.close());

  it('tells of an alert when it fires and when it is over, and explains it', async () => {
    await addChannel(records, 'webhook', 'oncall');
    await addChannel(records, 'email', 'team');
    await addRule(records, { description: 'Too many', tags: ['shop'] });
    const one = evaluatorOf();
    await one.seconds(3);
    errors(3, 3, { type: 'error', source: 'api' });
    await one.seconds(12);
    expect(one.happened).toEqual(['firing', 'resolved']);
    const [alert] = await allAlerts();
    expect(alert).toMatchObject({ status: 'resolved', level: 'warning', fired_at: begin + 4000 });
    expect(alert?.body.explanation).toMatchObject({
      value: 3,
      threshold: 2,
      contributors: [{ group: { type: 'error', source: 'api' }, value: 3, before: 0 }],
      window: { start: '2023-12-01T11:59:54.000Z', end: '2023-12-01T12:00:04.000Z' },
      events_query:
        'start=2023-12-01T11%3A59%3A54.000Z&end=2023-12-01T12%3A00%3A04.000Z&type=error&type=api.response',
    });
    expect(alert?.body.timeline.map(({ what }) => what)).toEqual([
      'firing',
      'notified',
      'delivered',
      'resolved',
      'delivered',
    ]);
    expect(one.sent.map(({ channel, message }) => `${channel} ${message.kind}`)).toEqual([
      'webhook:oncall firing',
      'webhook:oncall resolved',
    ]);
    expect(one.sent[0]?.message.alerts[0]?.link).toMatch(/^http:\/\/streamflow\/events\?start=/);
    // Nothing is remembered of a group that rests.
    expect(await records.count(alertStates, { project })).toBe(0);
  });

  it('puts groups that fire together into one notification, each with an alert of its own', async () => {
    await addChannel(records, 'webhook', 'oncall');
    await addRule(records, { group_by: ['source'] });
    const one = evaluatorOf();
    errors(3, 0, { source: 'api' });
    errors(4, 0, { source: 'web' });
    errors(1, 0, { source: 'job' });
    await one.seconds(2);
    expect(one.sent).toHaveLength(1);
    expect(one.sent[0]?.message.alerts.map(({ group }) => group.source)).toEqual(['api', 'web']);
    expect(await records.count(alerts, { project })).toBe(2);
  });

  it('goes on after a restart where it was: nothing twice, no end missed', async () => {
    await addChannel(records, 'webhook', 'oncall');
    await addRule(records, { for: '3s' });
    errors(3, 0);
    const first = evaluatorOf();
    await first.seconds(2);
    // Pending for one second; killed.
    const second = evaluatorOf({ alone: true });
    await second.seconds(2);
    expect(second.sent.map(({ message }) => message.kind)).toEqual(['firing']);
    const third = evaluatorOf({ alone: true });
    await third.seconds(4);
    expect(third.sent).toEqual([]);
    // Its end falls into a time in which nobody evaluates.
    await time.pass(60_000);
    live.watermark = time.clock.now();
    const fourth = evaluatorOf({ alone: true });
    await fourth.seconds(1);
    expect(fourth.sent.map(({ message }) => message.kind)).toEqual(['resolved']);
    expect(await records.count(alerts, { project })).toBe(1);
  });

  it('leaves rules as they are after a restart until what they look at is read', async () => {
    await addChannel(records, 'webhook', 'oncall');
    await addRule(records, { name: 'Short', condition: 'errors > 2' });
    await addRule(records, { name: 'Long', condition: 'errors > 2', window: '1h' });
    errors(3, 0);
    const first = evaluatorOf();
    await first.seconds(2);
    expect(first.sent).toHaveLength(2);
    // Another process, whose live metrics have nothing yet.
    const full = live;
    live = createTestLive();
    live.watermark = full.watermark;
    live.known = Number.POSITIVE_INFINITY;
    const second = evaluatorOf({ alone: true });
    await second.seconds(3);
    expect(second.evaluator.waitingRules()).toBe(2);
    expect(second.evaluator.lagMs()).toBeLessThan(2000);
    // The last minutes are read: there is nothing in them.
    live.known = begin - 10_000;
    await second.seconds(1);
    expect(second.evaluator.waitingRules()).toBe(1);
    expect(second.sent.map(({ message }) => message.rule.name)).toEqual(['Short']);
    live.known = begin - 7_200_000;
    await second.seconds(1);
    expect(second.evaluator.waitingRules()).toBe(0);
    expect(second.sent.map(({ message }) => [message.rule.name, message.kind])).toEqual([
      ['Short', 'resolved'],
      ['Long', 'resolved'],
    ]);
  });

  it('sends what was not answered before a crash again, with the same id, and nothing else', async () => {
    await addChannel(records, 'webhook', 'oncall');
    await addRule(records);
    errors(3, 0);
    const first = evaluatorOf({ receive: () => new Promise(() => {}) });
    await first.seconds(2);
    expect(first.sent).toHaveLength(1);
    const second = evaluatorOf({ alone: true });
    await second.seconds(2);
    expect(second.sent.map(({ message }) => message.id)).toEqual([first.sent[0]?.message.id]);
    const third = evaluatorOf({ alone: true });
    await third.seconds(2);
    expect(third.sent).toEqual([]);
  });

  it('is one at a time, and another takes over within seconds of its death', async () => {
    await addChannel(records, 'webhook', 'oncall');
    await addRule(records);
    const first = evaluatorOf();
    const second = evaluatorOf();
    await first.seconds(1);
    await second.seconds(1);
    expect([first.evaluator.isActive(), second.evaluator.isActive()]).toEqual([true, false]);
    // The first is only slow: the second takes over, and the first can write nothing.
    await second.seconds(8);
    expect(second.evaluator.isActive()).toBe(true);
    errors(3, 10);
    await second.seconds(2);
    await first.seconds(2);
    expect(first.evaluator.isActive()).toBe(false);
    expect([first.sent.length, second.sent.length]).toEqual([0, 1]);
    await second.evaluator.stop();
    await first.seconds(1);
    expect(first.evaluator.isActive()).toBe(true);
  });

  it('writes nothing once its epoch is over, even in the middle of an evaluation', async () => {
    await addChannel(records, 'webhook', 'oncall');
    await addRule(records);
    const first = evaluatorOf();
    await first.seconds(1);
    const other = evaluatorOf({ alone: true });
    await other.lease.hold();
    errors(3, 1);
    await first.seconds(1);
    expect(first.sent).toEqual([]);
    expect(await records.count(alerts, { project })).toBe(0);
    expect(first.evaluator.isActive()).toBe(false);
  });

  it('tries again with longer and longer waits, and holds up no other channel', async () => {
    await addChannel(records, 'webhook', 'broken');
    await addChannel(records, 'webhook', 'busy');
    await addChannel(records, 'webhook', 'fine');
    await addRule(records, { window: '1h' });
    errors(3, 0);
    const failures = new Map([
      ['webhook:broken', new DeliveryError('no', { permanent: true })],
      ['webhook:busy', new DeliveryError('later', { retryAfterMs: 30_000 })],
    ]);
    const one = evaluatorOf({
      receive: async (channel) => {
        const failure = failures.get(channel);
        if (failure !== undefined) throw failure;
      },
    });
    await one.seconds(1);
    failures.set('webhook:busy', new DeliveryError('no'));
    await one.seconds(40);
    failures.delete('webhook:busy');
    await one.seconds(10);
    const times = (name: string) =>
      one.sent.filter(({ channel }) => channel === name).map(({ at }) => Math.round((at - begin) / 100) / 10);
    expect(times('webhook:broken')).toEqual([1]);
    expect(times('webhook:fine')).toEqual([1]);
    // 31.5 s after a Retry-After of 30 s, then by doubling.
    expect(times('webhook:busy')).toEqual([1, 32.5, 34, 37, 43]);
    const stored = (await records.list(alertNotifications, { project, limit: 10 })).records;
    expect(stored.map(({ status, attempts, last_error }) => [status, attempts, last_error]).sort()).toEqual([
      ['delivered', 1, null],
      ['delivered', 5, null],
      ['failed', 1, 'no'],
    ]);
    const [alert] = await allAlerts();
    expect(alert?.body.timeline.filter(({ what }) => what === 'delivery_failed')).toMatchObject([
      { comment: 'webhook:broken: no' },
    ]);
  });

  it('gets louder when nobody answers, and tells those of the end too', async () => {
    await addChannel(records, 'webhook', 'oncall');
    await addChannel(records, 'sms', 'boss');
    await addRule(records, { window: '90s', escalation_minutes: 1, escalation_channels: ['sms:boss'] });
    errors(3, 0);
    const one = evaluatorOf();
    await one.seconds(95);
    expect(one.sent.map(({ channel, message }) => `${channel} ${message.kind} ${message.level}`)).toEqual([
      'webhook:oncall firing warning',
      'sms:boss escalated error',
      'webhook:oncall resolved error',
      'sms:boss resolved error',
    ]);
  });

  it('hears what people did: acknowledged alerts do not escalate, resolved ones stay so', async () => {
    await addChannel(records, 'webhook', 'oncall');
    await addRule(records, { name: 'a', window: '10m', escalation_minutes: 1 });
    await addRule(records, { name: 'b', window: '10m', escalation_minutes: 1 });
    errors(3, 0);
    const one = evaluatorOf();
    await one.seconds(2);
    const [first, second] = [...(await allAlerts())].sort((a, b) =>
      a.body.rule_name.localeCompare(b.body.rule_name),
    );
    await records.transaction(async (tx) => {
      await tx.insert(alertCommands, { project, id: '1', command: 'acknowledge', alert_id: first?.id ?? '' });
      await tx.insert(alertCommands, { project, id: '2', command: 'resolve', alert_id: second?.id ?? '' });
      await raiseRevision(tx, project);
    });
    await one.seconds(70);
    expect(one.sent.map(({ message }) => `${message.rule.name} ${message.kind}`).sort()).toEqual([
      'a firing',
      'b firing',
      'b resolved',
    ]);
    expect(await records.count(alertCommands, { project })).toBe(0);
  });

  it('is quiet while a silence lasts, and tells of what still fires afterwards', async () => {
    await addChannel(records, 'webhook', 'oncall');
    await addRule(records, { window: '10m' });
    await records.transaction(async (tx) => {
      await tx.insert(alertSilences, {
        project,
        id: 's',
        matchers: [{ name: 'rule', value: 'Errors' }],
        starts_at: begin,
        ends_at: begin + 5000,
        comment: '',
        created_by: 'x',
      });
      await raiseRevision(tx, project);
    });
    errors(3, 0);
    const one = evaluatorOf();
    await one.seconds(4);
    expect(one.happened).toEqual(['firing']);
    expect(one.sent).toEqual([]);
    await one.seconds(1);
    expect(one.sent).toHaveLength(1);
  });

  it('ends the alerts of a rule that is gone, and tells those who knew', async () => {
    await addChannel(records, 'webhook', 'oncall');
    const id = await addRule(records, { window: '10m' });
    errors(3, 0);
    const one = evaluatorOf();
    await one.seconds(2);
    await records.transaction(async (tx) => {
      await tx.delete(alertRules, { project, id });
      await raiseRevision(tx, project);
    });
    // Also by a process that never knew the rule.
    const other = evaluatorOf({ alone: true });
    await other.seconds(2);
    expect(other.sent.map(({ message }) => message.kind)).toEqual(['resolved']);
    expect(await records.count(alertStates, { project })).toBe(0);
  });

  it('evaluates the seconds that it missed, and reads what rules share once', async () => {
    await addRule(records, { name: 'a', window: '1s', channels: [] });
    await addRule(records, { name: 'b', window: '1s', channels: [], threshold: 100 });
    const one = evaluatorOf();
    await one.seconds(1);
    errors(3, 3);
    live.watermark = begin + 8000;
    const before = live.reads;
    await one.evaluator.turn();
    expect(one.happened).toEqual(['firing', 'resolved']);
    // Seven seconds, and what explains the alert.
    expect(live.reads - before).toBe(7 + 2);
  });
});
