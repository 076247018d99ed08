import type { Contribution, Explanation } from '@streamflow/contracts';
import { measured } from '../../domain/expressions/metric-catalogue.ts';
import type { LiveMetrics, MetricGroup } from '../../domain/metrics/live-metrics.ts';
import { groupTags, type ReadyRule } from './rule-book.ts';

/** What events are told apart by, where a rule does not say. */
const breakdown = ['type', 'source'] as const;
const mostContributors = 5;
const eventFilters: readonly string[] = ['type', 'source', 'severity'];

/** Why a group of a rule fires: what was measured, and which parts of it rose most against the window before. */
export function explain(
  live: Pick<LiveMetrics, 'read'>,
  project: string,
  rule: ReadyRule,
  group: string,
  value: number | null,
  at: number,
): Explanation {
  const { definition, condition, windowMs } = rule;
  const tags = groupTags(definition.group_by, group);
  const start = at - windowMs;
  const [first] = condition.reads;
  return {
    value,
    threshold: definition.threshold,
    condition: definition.condition,
    window: { start: new Date(start).toISOString(), end: new Date(at).toISOString() },
    contributors: first === undefined ? [] : contributors(live, project, first.metric, tags, start, at),
    events_query: eventsQuery(tags, first?.metric ?? null, start, at),
  };
}

function contributors(
  live: Pick<LiveMetrics, 'read'>,
  project: string,
  metric: string,
  tags: Readonly<Record<string, string>>,
  start: number,
  at: number,
): Contribution[] {
  const names = Object.keys(tags);
  const groupBy = [...names, ...breakdown.filter((name) => !names.includes(name))];
  const read = (from: number, to: number): Map<string, MetricGroup> =>
    new Map(
      live.read({ project, metric, from, to, groupBy }).map((each) => [JSON.stringify(each.tags), each]),
    );
  const now = read(start, at);
  const before = read(start - (at - start), start);
  return [...now]
    .map(([key, { tags: values, value }]) => ({
      // A tag that the metric does not have is empty.
      group: Object.fromEntries(
        groupBy.flatMap((name, index) => {
          const tag = values[index] ?? '';
          return tag === '' && !names.includes(name) ? [] : [[name, tag]];
        }),
      ),
      value: value.count,
      before: before.get(key)?.value.count ?? 0,
    }))
    .filter(({ group }) => names.every((name) => group[name] === tags[name]))
    .sort((a, b) => b.value - b.before - (a.value - a.before))
    .slice(0, mostContributors);
}

function eventsQuery(
  tags: Readonly<Record<string, string>>,
  metric: string | null,
  start: number,
  at: number,
): string {
  const query = new URLSearchParams({
    start: new Date(start).toISOString(),
    end: new Date(at).toISOString(),
  });
  for (const [name, value] of Object.entries(tags))
    if (eventFilters.includes(name)) query.append(name, value);
  // What counts as an error, as far as filters of events can say it.
  if (metric === measured.errors && tags.type === undefined)
    for (const type of ['error', 'api.response']) query.append('type', type);
  return query.toString();
}
