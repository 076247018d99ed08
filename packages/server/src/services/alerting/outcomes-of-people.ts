import type { Explanation } from '@streamflow/contracts';
import { acknowledgeGroup, type GroupState, resolveGroup } from '../../domain/alert-rules/group-state.ts';
import { createCollector } from '../../domain/alert-rules/rule-step.ts';
import type { RuleOutcome } from './evaluation-writer.ts';
import type { States } from './evaluator-memory.ts';
import type { ReadyRule } from './rule-book.ts';

const noExplanations: ReadonlyMap<string, Explanation> = new Map();

interface Command {
  readonly command: 'acknowledge' | 'resolve';
  readonly alert_id: string;
}

/** What follows from what people did: to alerts, and by taking rules away, whose alerts end. */
export function outcomesOfPeople(
  commands: readonly Command[],
  states: States,
  rules: readonly ReadyRule[],
  at: number,
): readonly RuleOutcome[] {
  const collectors = new Map<string, ReturnType<typeof createCollector>>();
  const collectorOf = (ruleId: string) => {
    const collector = collectors.get(ruleId) ?? createCollector();
    collectors.set(ruleId, collector);
    return collector;
  };
  const current = new Map<string, GroupState>();
  for (const { command, alert_id } of commands)
    for (const [ruleId, groups] of states)
      for (const [group, known] of groups) {
        const state = current.get(`${ruleId} ${group}`) ?? known;
        if (state.alert?.id !== alert_id) continue;
        const step =
          command === 'resolve'
            ? resolveGroup(state, alert_id, at)
            : { state: acknowledgeGroup(state, alert_id, at), transition: null, notices: [], alert: null };
        current.set(`${ruleId} ${group}`, step.state);
        collectorOf(ruleId).add(group, step, step.state);
      }
  const kept = new Set(rules.map(({ id }) => id));
  for (const [ruleId, groups] of states) {
    if (kept.has(ruleId)) continue;
    for (const [group, known] of groups) {
      const state = current.get(`${ruleId} ${group}`) ?? known;
      collectorOf(ruleId).add(group, resolveGroup(state, state.alert?.id ?? '', at), null);
    }
  }
  return [...collectors].map(([ruleId, collector]) => ({
    ruleId,
    definition: rules.find(({ id }) => id === ruleId)?.definition ?? null,
    step: collector.result(),
    explanations: noExplanations,
  }));
}
