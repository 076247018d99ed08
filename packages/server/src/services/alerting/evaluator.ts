import { setImmediate as yieldToOthers } from 'node:timers/promises';
import type { Explanation } from '@streamflow/contracts';
import type { GroupState } from '../../domain/alert-rules/group-state.ts';
import { type RuleStep, stepRule } from '../../domain/alert-rules/rule-step.ts';
import { isSilenced, type SilenceSpan } from '../../domain/alert-rules/silencing.ts';
import type { Clock } from '../../domain/clock.ts';
import type { Log } from '../../domain/log.ts';
import type { LiveMetrics } from '../../domain/metrics/live-metrics.ts';
import { alertCommands } from '../../domain/records/alerts.ts';
import type { Timers } from '../../domain/timers.ts';
import type { Tracing } from '../../domain/tracing.ts';
import type { RecordStore } from '../../engines/record-store/port.ts';
import type { AlertingMetrics } from './alerting-metrics.ts';
import type { DefinedMetrics } from './defined-metrics.ts';
import type { Delivery } from './delivery.ts';
import type { Evaluated, RuleOutcome, Written } from './evaluation-writer.ts';
import {
  type Decisions,
  readAll,
  readDecisions,
  readPending,
  readStates,
  type States,
} from './evaluator-memory.ts';
import { explain } from './explain.ts';
import { type Lease, LeaseLostError } from './lease.ts';
import { outcomesOfPeople } from './outcomes-of-people.ts';
import { readRevision } from './revision.ts';
import { labelsOf, type ReadyRule } from './rule-book.ts';
import { createReadings } from './rule-readings.ts';
import { type FiringTraces, noTraces, traceFirings } from './trace-firings.ts';
import { createTurns } from './turns.ts';

export interface EvaluatorOptions {
  readonly live: Pick<LiveMetrics, 'read' | 'watermark' | 'knownFrom' | 'onTick' | 'tracesOf'>;
  readonly tracing: Tracing | null;
  readonly records: RecordStore;
  readonly project: string;
  readonly lease: Lease;
  readonly write: (evaluated: Evaluated) => Promise<Written>;
  /** Made for each time that this process becomes the evaluator. */
  readonly openDelivery: () => Delivery;
  readonly defined: DefinedMetrics;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly newId: () => string;
  readonly metrics: AlertingMetrics;
  readonly log: Log;
  /** Told after what happened is durable. */
  readonly onWritten: (written: Written) => void;
}

export interface Evaluator {
  start(): void;
  /** Finishes the evaluation under way and gives the lease back. */
  stop(): Promise<void>;
  /** One turn; `start` makes one at each tick of the live metrics. */
  turn(): Promise<void>;
  /** Milliseconds from the last second that was evaluated to now; 0 where another process evaluates. */
  lagMs(): number;
  /** Whether this process is the evaluator. */
  isActive(): boolean;
  /** Rules that were not evaluated the last time, since what they look at is not read from the store yet. */
  waitingRules(): number;
  pendingNotifications(): number;
}

const second = 1000;
/** Turns go on where no ticks come: the lease is to be renewed, and people are to be followed. */
const longestPauseMs = 1500;
/** Seconds that were missed are evaluated one by one, for so long back; before that, they are left out. */
const catchUpMs = 10_000;
/** Rules wait for the store for a moment after each start; after so long somebody should know. */
const tellMs = 30_000;
/** Rules between which other work of the process has its turn. */
const rulesAtATime = 50;

interface Active {
  readonly epoch: number;
  readonly delivery: Delivery;
  readonly states: States;
  decisions: Decisions;
  revision: number | null;
  /** The last second that was evaluated; null before the first. */
  at: number | null;
  /** When this process became the evaluator. */
  readonly since: number;
  /** Of the last evaluation; all of them before it. */
  waitingRules: number;
  /** When it was last told that rules wait. */
  toldAt: number;
}

/*
 * Evaluates all rules once a second, as soon as the second is complete, while it holds the lease. States are in memory and in the records; they change in
 * memory after they are durable with what is to be told of them, so whatever fails on the way is done again. After a
 * failed write nobody knows whether it was done, and all is read anew.
 *
 * After a start a rule stays as it was until what it looks at is read from the store: without it, what fires would seem
 * to be over.
 */
export function createEvaluator(options: EvaluatorOptions): Evaluator {
  const { live, records, project, lease, clock, timers, newId, log } = options;
  let active: Active | null = null;

  const retire = async (): Promise<void> => {
    const former = active;
    active = null;
    await former?.delivery.stop();
  };

  const takeOver = async (epoch: number): Promise<Active> => {
    const revision = await readRevision(records, project);
    const states = await readStates(records, project);
    const decisions = await readDecisions(records, project, options.defined, clock.now(), log);
    const pending = await readPending(records, project);
    const delivery = options.openDelivery();
    delivery.add(pending);
    log.info('Evaluating alert rules', { rules: decisions.rules.length, pending: pending.length, epoch });
    // What people did meanwhile is found at the first turn.
    return {
      epoch,
      delivery,
      states,
      decisions,
      revision: revision === null ? null : revision - 1,
      at: null,
      since: clock.now(),
      toldAt: clock.now(),
      waitingRules: decisions.rules.length,
    };
  };

  const commit = async (
    mine: Active,
    at: number,
    outcomes: readonly RuleOutcome[],
    commands: readonly string[] = [],
    traces: FiringTraces = noTraces,
  ): Promise<void> => {
    if (outcomes.length === 0 && commands.length === 0) return;
    const { epoch, decisions, states } = mine;
    const written = await options.write({ at, epoch, outcomes, channels: decisions.channels, commands });
    for (const { ruleId, step } of outcomes) {
      const groups = states.get(ruleId) ?? new Map<string, GroupState>();
      for (const [group, state] of step.states)
        if (state === null) groups.delete(group);
        else groups.set(group, state);
      if (groups.size === 0) states.delete(ruleId);
      else states.set(ruleId, groups);
    }
    mine.delivery.add(written.notifications, traces.end());
    for (const { event, alert } of written.events)
      if (event === 'firing') options.metrics.onFired(alert.level);
    options.onWritten(written);
  };

  /** What people did to alerts, and rules that are gone. */
  const followPeople = async (mine: Active): Promise<void> => {
    const revision = await readRevision(records, project);
    if (revision === mine.revision) return;
    const at = clock.now();
    mine.decisions = await readDecisions(records, project, options.defined, at, log);
    const commands = await readAll(records, alertCommands, { project });
    const outcomes = outcomesOfPeople(commands, mine.states, mine.decisions.rules, at);
    await commit(
      mine,
      at,
      outcomes,
      commands.map(({ id }) => id),
    );
    mine.revision = revision;
  };

  const evaluate = async (mine: Active, at: number): Promise<void> => {
    const begun = performance.now();
    const readingsOf = createReadings(live, project, at);
    const silences: readonly SilenceSpan[] = mine.decisions.silences.map((silence) => ({
      matchers: silence.matchers.map(({ name, value, equal = true }) => ({ name, value, equal })),
      startsAt: silence.starts_at,
      endsAt: silence.ends_at,
    }));
    const now = clock.now();
    const outcomes: RuleOutcome[] = [];
    const knownFrom = live.knownFrom(project);
    let waitingRules = 0;
    for (const [index, rule] of mine.decisions.rules.entries()) {
      if (index % rulesAtATime === rulesAtATime - 1) await yieldToOthers();
      if (at - rule.reachMs < knownFrom) {
        waitingRules += 1;
        continue;
      }
      const readings = readingsOf(rule);
      const step = stepRule({
        timing: rule.timing,
        states: mine.states.get(rule.id) ?? new Map<string, GroupState>(),
        readings,
        at,
        newId,
        silenced: (group) => silences.length > 0 && isSilenced(labelsOf(rule, group), silences, now),
      });
      if (step.states.size === 0) continue;
      outcomes.push({
        ruleId: rule.id,
        definition: rule.definition,
        step,
        explanations: explanationsOf(rule, step, (group) => readings.get(group)?.value ?? null, at),
      });
    }
    const traces =
      options.tracing === null ? noTraces : traceFirings(options.tracing, live, project, outcomes, now);
    await commit(mine, at, outcomes, [], traces);
    options.metrics.onEvaluation((performance.now() - begun) / 1000);
    mine.at = at;
    mine.waitingRules = waitingRules;
    if (waitingRules > 0 && now - mine.toldAt >= tellMs) {
      mine.toldAt = now;
      log.warning('Alert rules wait until the stored events that they look at can be read', {
        rules: waitingRules,
        waiting_seconds: Math.round((now - mine.since) / 1000),
      });
    }
  };

  const explanationsOf = (
    rule: ReadyRule,
    step: RuleStep,
    shownValue: (group: string) => number | null,
    at: number,
  ): ReadonlyMap<string, Explanation> =>
    new Map(
      step.changes
        .filter(({ transition }) => transition === 'firing')
        .map(({ group }) => [group, explain(live, project, rule, group, shownValue(group), at)]),
    );

  const turn = async (): Promise<void> => {
    try {
      const epoch = await lease.hold();
      if (epoch === null || (active !== null && active.epoch !== epoch)) await retire();
      if (epoch === null) return;
      active ??= await takeOver(epoch);
      await followPeople(active);
      const { watermark } = live;
      if (!Number.isFinite(watermark)) return;
      const from = active.at === null ? watermark : Math.max(active.at + second, watermark - catchUpMs);
      for (let at = from; at <= watermark; at += second) await evaluate(active, at);
    } catch (error) {
      if (error instanceof LeaseLostError) log.warning('Another process evaluates alert rules', {});
      else log.error('Evaluation of alert rules failed; it is tried again', { error });
      await retire();
    }
  };

  const turns = createTurns({ turn, timers, longestPauseMs, onTick: live.onTick });

  return {
    turn,
    start: turns.start,
    async stop() {
      await turns.stop();
      await retire();
      await lease.release();
    },
    lagMs: () => (active === null ? 0 : clock.now() - (active.at ?? active.since)),
    isActive: () => active !== null,
    waitingRules: () => active?.waitingRules ?? 0,
    pendingNotifications: () => active?.delivery.pending() ?? 0,
  };
}
