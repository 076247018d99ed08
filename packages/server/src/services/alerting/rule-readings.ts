import type { Reading } from '../../domain/alert-rules/group-state.ts';
import type { Condition, ConditionRead } from '../../domain/expressions/condition.ts';
import type { LiveMetrics, MetricValue } from '../../domain/metrics/live-metrics.ts';
import { groupKey, type ReadyRule, wholeGroup } from './rule-book.ts';

/** What a rule's conditions said of a group, and the figure that people are shown. */
export interface GroupReading extends Reading {
  readonly value: number | null;
}

type Values = ReadonlyMap<string, MetricValue>;

/** Reads for the rules of one moment: what several of them look at is read once. */
export function createReadings(
  live: Pick<LiveMetrics, 'read'>,
  project: string,
  at: number,
): (rule: ReadyRule) => Map<string, GroupReading> {
  const known = new Map<string, Values>();
  const read = ({ metric, agoMs }: ConditionRead, windowMs: number, groupBy: readonly string[]): Values => {
    const to = at - agoMs;
    const key = `${metric} ${to} ${windowMs} ${groupBy.join()}`;
    let values = known.get(key);
    if (values === undefined) {
      const groups = live.read({
        project,
        metric,
        from: to - windowMs,
        to,
        ...(groupBy.length === 0 ? {} : { groupBy }),
      });
      values = new Map(groups.map(({ tags, value }) => [groupKey(tags), value]));
      known.set(key, values);
    }
    return values;
  };

  return (rule) => {
    const { condition, resolveCondition, windowMs, definition } = rule;
    const ofCondition = (each: Condition) =>
      each.reads.map((one) => ({ ...one, values: read(one, windowMs, definition.group_by) }));
    const main = ofCondition(condition);
    const over = resolveCondition === null ? [] : ofCondition(resolveCondition);
    const groups = new Set<string>();
    if (definition.group_by.length === 0) groups.add(wholeGroup);
    else for (const { values } of [...main, ...over]) for (const key of values.keys()) groups.add(key);

    const given = { threshold: definition.threshold, windowMs };
    const readings = new Map<string, GroupReading>();
    for (const group of groups) {
      const look =
        (reads: readonly (ConditionRead & { readonly values: Values })[]) =>
        ({ metric, agoMs }: ConditionRead): MetricValue | null =>
          reads.find((one) => one.metric === metric && one.agoMs === agoMs)?.values.get(group) ?? null;
      const { holds, value } = condition.evaluate(look(main), given);
      const resolves = resolveCondition?.evaluate(look(over), given).holds ?? null;
      readings.set(group, { holds, value, resolves });
    }
    return readings;
  };
}
