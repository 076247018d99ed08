import { randomUUID } from 'node:crypto';
import {
  type AlertNotification,
  type AlertRuleInput,
  alertRuleDefaults,
  type ChannelInput,
} from '@streamflow/contracts';
import { silentLog } from '../../domain/log.ts';
import type { LiveMetrics, MetricGroup, MetricRead, MetricValue } from '../../domain/metrics/live-metrics.ts';
import { alertChannels, alertRules } from '../../domain/records/alert-rules.ts';
import type { Timers } from '../../domain/timers.ts';
import type { Tracing } from '../../domain/tracing.ts';
import type { RecordStore } from '../../engines/record-store/port.ts';
import type { DefinedMetrics } from './defined-metrics.ts';
import { createDelivery } from './delivery.ts';
import { createEvaluationWriter, type Written } from './evaluation-writer.ts';
import { createEvaluator } from './evaluator.ts';
import { createLease } from './lease.ts';
import { raiseRevision } from './revision.ts';

/* Alerting on real records, with live metrics of single measurements and a clock that tests drive. */

export const project = 'default';
export const begin = Date.UTC(2023, 11, 1, 12);

interface Measurement {
  readonly at: number;
  readonly metric: string;
  readonly value: number;
  readonly tags: Readonly<Record<string, string>>;
}

export interface TestLive
  extends Pick<LiveMetrics, 'read' | 'watermark' | 'knownFrom' | 'onTick' | 'tracesOf'> {
  watermark: number;
  /** Where what was stored before the start is read from on. */
  known: number;
  measure(metric: string, at: number, value?: number, tags?: Readonly<Record<string, string>>): void;
  reads: number;
}

export function createTestLive(): TestLive {
  const measured: Measurement[] = [];
  return {
    watermark: begin,
    reads: 0,
    known: Number.NEGATIVE_INFINITY,
    knownFrom() {
      return this.known;
    },
    measure: (metric, at, value = 1, tags = {}) => void measured.push({ at, metric, value, tags }),
    onTick: () => () => {},
    tracesOf: () => [],
    read({ metric, from, to, groupBy = [] }: MetricRead): readonly MetricGroup[] {
      this.reads++;
      const groups = new Map<string, { tags: readonly string[]; values: number[] }>();
      for (const one of measured) {
        if (one.metric !== metric || one.at < from || one.at >= to) continue;
        const tags = groupBy.map((name) => one.tags[name] ?? '');
        const group = groups.get(tags.join('\n')) ?? { tags, values: [] };
        group.values.push(one.value);
        groups.set(tags.join('\n'), group);
      }
      return [...groups.values()].map(({ tags, values }) => ({ tags, value: measuredValue(values) }));
    },
  };
}

function measuredValue(values: readonly number[]): MetricValue {
  const sorted = [...values].sort((a, b) => a - b);
  return {
    count: values.length,
    sum: values.reduce((sum, each) => sum + each, 0),
    min: sorted[0] ?? null,
    max: sorted.at(-1) ?? null,
    last: values.at(-1) ?? null,
    unique: new Set(values).size,
    quantile: (q) => sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)] ?? null,
  };
}

export interface ManualTime {
  readonly clock: { now(): number };
  readonly timers: Timers;
  /** Lets the time pass; what becomes due runs, and what it starts has a moment to go on. */
  pass(milliseconds: number): Promise<void>;
}

export function createManualTime(): ManualTime {
  let now = begin;
  const waiting = new Set<{ at: number; run: () => void }>();
  return {
    clock: { now: () => now },
    timers: {
      after(milliseconds, run) {
        const timer = { at: now + milliseconds, run };
        waiting.add(timer);
        return () => void waiting.delete(timer);
      },
    },
    async pass(milliseconds) {
      const end = now + milliseconds;
      while (true) {
        await settle();
        const [due] = [...waiting].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at);
        if (due === undefined) break;
        waiting.delete(due);
        now = Math.max(now, due.at);
        due.run();
      }
      now = end;
      await settle();
    },
  };
}

/** Lets promises and the records, which answer within a few turns of the event loop, go on. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
}

export const freeMetrics: DefinedMetrics = { list: async () => [], count: async () => {} };

/** A rule as it is after it was made. */
export async function addRule(records: RecordStore, rule: Partial<AlertRuleInput> = {}): Promise<string> {
  const id = randomUUID();
  const definition = {
    ...alertRuleDefaults,
    name: 'Errors',
    condition: 'errors > threshold',
    threshold: 2,
    window: '10s',
    channels: ['webhook'],
    ...rule,
  };
  await records.transaction(async (tx) => {
    await tx.insert(alertRules, {
      id,
      project,
      name: definition.name,
      enabled: definition.enabled,
      level: definition.level,
      definition,
    });
    await raiseRevision(tx, project);
  });
  return id;
}

export async function addChannel(
  records: RecordStore,
  type: ChannelInput['type'],
  name: string,
): Promise<string> {
  const id = randomUUID();
  await records.transaction(async (tx) => {
    await tx.insert(alertChannels, {
      id,
      project,
      type,
      name,
      enabled: true,
      sealed_config: '',
      shown_config: {},
    });
    await raiseRevision(tx, project);
  });
  return id;
}

export interface Sent {
  readonly at: number;
  readonly channel: string;
  readonly message: AlertNotification;
}

/** One process that evaluates, with a sender that keeps what it is given. */
export function createTestEvaluator(options: {
  readonly records: RecordStore;
  readonly live: TestLive;
  readonly time: ManualTime;
  readonly alone?: boolean;
  readonly holder?: string;
  /** Fails by rejecting. */
  readonly receive?: (channel: string, message: AlertNotification) => Promise<void>;
  readonly tracing?: Tracing | null;
}) {
  const {
    records,
    live,
    time,
    alone = false,
    holder = randomUUID(),
    receive = async () => {},
    tracing = null,
  } = options;
  const sent: Sent[] = [];
  const happened: string[] = [];
  const outcomes: string[] = [];
  const lease = createLease({
    records,
    clock: time.clock,
    project,
    id: 'alerting',
    holder,
    ttlMs: 6000,
    alone,
  });
  const evaluator = createEvaluator({
    live,
    records,
    project,
    lease,
    write: createEvaluationWriter({
      records,
      project,
      lease,
      newId: randomUUID,
      publicUrl: 'http://streamflow',
    }),
    openDelivery: () =>
      createDelivery({
        records,
        project,
        clock: time.clock,
        timers: time.timers,
        random: () => 0.5,
        log: silentLog,
        tracing,
        onFinished: (outcome) => outcomes.push(outcome),
        async send(channel, message) {
          sent.push({ at: time.clock.now(), channel: `${channel.type}:${channel.name}`, message });
          await receive(`${channel.type}:${channel.name}`, message);
        },
      }),
    defined: freeMetrics,
    clock: time.clock,
    timers: time.timers,
    newId: randomUUID,
    metrics: { onFired: () => {}, onNotification: () => {}, onEvaluation: () => {} },
    log: silentLog,
    tracing,
    onWritten: (written: Written) => happened.push(...written.events.map(({ event }) => event)),
  });
  return {
    evaluator,
    lease,
    sent,
    happened,
    outcomes,
    /** So many seconds, each of them closed and evaluated. */
    async seconds(count: number): Promise<void> {
      for (let second = 0; second < count; second++) {
        await time.pass(1000);
        live.watermark = Math.max(live.watermark, Math.floor(time.clock.now() / 1000) * 1000);
        await evaluator.turn();
        await settle();
      }
    },
  };
}
