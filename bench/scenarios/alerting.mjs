// 1,000 rules with 10 groups each, evaluated every second: what of one core it takes, quiet and while one group
// in each of 250 rules begins, and another ends, to fire in each second, which is written to records on disk. What reading the live metrics costs
// is part of it as far as a read of ten groups from memory goes. Then, of a whole server, how long an event that makes a
// condition true takes to the webhook that tells of it. Then previews of rules over 30 days of stored events;
// `--data DIR` keeps these for the next run, and for the scenario `queries`.
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as yieldToOthers } from 'node:timers/promises';
import { alertRuleDefaults } from '../../packages/contracts/dist/index.js';
import { silentLog } from '../../packages/server/dist/domain/log.js';
import { alertRules } from '../../packages/server/dist/domain/records/alert-rules.js';
import { openSqliteRecordStore } from '../../packages/server/dist/engines/record-store/sqlite/sqlite-record-store.js';
import { createEvaluationWriter } from '../../packages/server/dist/services/alerting/evaluation-writer.js';
import { createEvaluator } from '../../packages/server/dist/services/alerting/evaluator.js';
import { createLease } from '../../packages/server/dist/services/alerting/lease.js';
import { previewRule } from '../../packages/server/dist/services/alerting/preview.js';
import { openRuleBook } from '../../packages/server/dist/services/alerting/rule-book.js';
import { alertDelays } from '../harness/alert-delivery.mjs';
import { figure } from '../harness/report.mjs';
import { quantile } from '../harness/statistics.mjs';
import { begin, end, loadEvents, openStore } from '../harness/stored-events.mjs';

const project = 'default';
const conditions = [
  (n) => `error_rate > 0.${String(10 + (n % 80))}`,
  (n) => `p95(response_time) > threshold && events_per_second > ${n % 7}`,
  (n) => `change(events_total, "${1 + (n % 50)}m") < -0.5 || error_count > ${100 + n}`,
  (n) => `response_time_p99 > ${1 + n / 1000}`,
];

export async function run({ rules = 1000, groups = 10, turns = 30, data, events = 10_000_000 } = {}) {
  await evaluate({ rules, groups, turns });
  await deliver();
  await preview({ data, events });
}

async function deliver() {
  const delays = await alertDelays({ events: 150 });
  const note = `${delays.length} alerts, each of a source of its own, beside 100 other rules and 500 events a second`;
  for (const [q, limit] of [
    [0.5, 3000],
    [0.99, 3000],
  ])
    figure(`from the acknowledged event to the webhook, p${q * 100}`, {
      value: quantile(delays, q),
      unit: 'ms',
      limit,
      note,
    });
}

async function preview({ data, events }) {
  const directory = data ?? (await mkdtemp(join(tmpdir(), 'streamflow-previews-')));
  const opened = await openStore(join(directory, 'events'));
  try {
    await loadEvents(opened, events);
    const book = await openRuleBook(project, { list: async () => [], count: async () => {} });
    const cases = [
      ['error_rate', { condition: 'error_rate > 0.011', for: '5m' }],
      ['a window of 30 s', { condition: 'events_total > 150', window: '30s' }],
      ['groups by source', { condition: 'events_total > 300', group_by: ['source'] }],
    ];
    for (const [name, rule] of cases) {
      const ready = book.read(randomUUID(), { ...alertRuleDefaults, name, channels: ['webhook'], ...rule });
      const begun = performance.now();
      const range = { project, from: begin, to: end };
      const { firings, step } = await previewRule(
        { events: opened.store, definitions: [], maxTagValues: 100 },
        ready,
        range,
        new AbortController().signal,
        () => yieldToOthers(),
      );
      figure(`preview over 30 days, ${name}`, {
        value: (performance.now() - begun) / 1000,
        unit: 's',
        limit: 5,
        note: `${events.toLocaleString('en')} events, evaluated every ${step}, ${firings.length} alerts`,
      });
    }
  } finally {
    await opened.close();
    if (data === undefined) await rm(directory, { recursive: true, force: true });
  }
}

async function evaluate({ rules, groups, turns }) {
  const directory = await mkdtemp(join(tmpdir(), 'streamflow-alerting-'));
  const clock = { now: () => Date.now() };
  const records = await openSqliteRecordStore({
    file: join(directory, 'records.sqlite'),
    log: silentLog,
    clock,
  });
  try {
    for (let n = 0; n < rules; n += 1) {
      const definition = {
        ...alertRuleDefaults,
        name: `rule ${n}`,
        condition: conditions[n % conditions.length](n),
        window: `${10 + (n % 290)}s`,
        threshold: 0.5,
        group_by: ['source'],
      };
      const { name, enabled, level } = definition;
      await records.insert(alertRules, { project, id: randomUUID(), name, enabled, level, definition });
    }
    const live = createLive(groups);
    const lease = createLease({
      records,
      clock,
      project,
      id: 'bench',
      holder: 'bench',
      ttlMs: 6000,
      alone: true,
    });
    const evaluator = createEvaluator({
      live,
      records,
      project,
      lease,
      write: createEvaluationWriter({ records, project, lease, newId: randomUUID, publicUrl: null }),
      openDelivery: () => ({ add: () => {}, pending: () => 0, stop: async () => {} }),
      defined: { list: async () => [], count: async () => {} },
      clock,
      timers: { after: () => () => {} },
      newId: randomUUID,
      metrics: { onFired: () => {}, onNotification: () => {}, onEvaluation: () => {} },
      log: silentLog,
      tracing: null,
      onWritten: ({ events }) => {
        live.changes += events.length;
      },
    });
    await measure(evaluator, live, 5);
    const quiet = await measure(evaluator, live, turns);
    const note = `${rules} rules, ${groups} groups, ${turns} evaluations`;
    figure('CPU of one evaluation a second, nothing changes', {
      value: quiet,
      unit: '% of a core',
      limit: 50,
      note,
    });
    if (live.changes > 0) throw new Error('Something fired while nothing was to');
    live.changing = true;
    const busy = await measure(evaluator, live, turns);
    if (live.changes === 0) throw new Error('Nothing fired while something was to');
    figure('CPU of one evaluation a second, groups change', {
      value: busy,
      unit: '% of a core',
      limit: 100,
      note: `${note}, ${Math.round(live.changes / turns)} alerts begin or end in each`,
    });
  } finally {
    await records.close();
    await rm(directory, { recursive: true, force: true });
  }
}

async function measure(evaluator, live, turns) {
  const before = process.cpuUsage();
  for (let turn = 0; turn < turns; turn += 1) {
    live.watermark += 1000;
    await evaluator.turn();
  }
  const { user, system } = process.cpuUsage(before);
  return ((user + system) / 1e6 / turns) * 100;
}

function createLive(groups) {
  const value = (count, sum) => ({
    count,
    sum,
    min: 0.1,
    max: 0.4,
    last: 0.2,
    unique: count,
    quantile: (q) => q * 0.4,
  });
  const tags = Array.from({ length: groups }, (_, n) => [`source-${n}`]);
  const live = {
    watermark: Math.floor(Date.now() / 1000) * 1000,
    changing: false,
    changes: 0,
    knownFrom: () => Number.NEGATIVE_INFINITY,
    read({ metric, to }) {
      return tags.map((tag, n) => {
        // One group has errors in one of ten seconds.
        const high = live.changing && metric === 'error_count' && (to / 1000) % 10 === n;
        return { tags: tag, value: value(high ? 95 : metric === 'error_count' ? 1 : 100, 20) };
      });
    },
  };
  return live;
}
