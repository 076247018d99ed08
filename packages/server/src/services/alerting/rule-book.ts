import { createHash } from 'node:crypto';
import type { AlertRuleDefinition } from '@streamflow/contracts';
import type { RuleTiming } from '../../domain/alert-rules/group-state.ts';
import type { Labels } from '../../domain/alert-rules/silencing.ts';
import { parseDuration } from '../../domain/duration.ts';
import { StreamFlowError, validationError } from '../../domain/errors.ts';
import { type Condition, countedTags, ExpressionError } from '../../domain/expressions/condition.ts';
import { createExpressions, type Expressions } from '../../domain/expressions/environment.ts';
import { builtInMetrics, definedMetric } from '../../domain/expressions/metric-catalogue.ts';
import { builtInMetrics as measuredMetrics } from '../../domain/metrics/built-in-metrics.ts';
import type { DefinedMetrics } from './defined-metrics.ts';

/** A rule, ready to be evaluated. */
export interface ReadyRule {
  readonly id: string;
  readonly definition: AlertRuleDefinition;
  readonly timing: RuleTiming;
  readonly windowMs: number;
  /** How far back its conditions look, windows included. */
  readonly reachMs: number;
  readonly condition: Condition;
  readonly resolveCondition: Condition | null;
}

/** Live metrics reach so far back. */
const longestReachMs = 24 * 3_600_000;
const longestWaitMs = 7 * 24 * 3_600_000;
const minuteMs = 60_000;

export interface RuleBook {
  /** @throws StreamFlowError ValidationError with the field, and the position in an expression */
  read(id: string, definition: AlertRuleDefinition): ReadyRule;
}

const hash = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 16);

/** Reads rules against the metrics that a project has at this moment. */
export async function openRuleBook(project: string, defined: DefinedMetrics): Promise<RuleBook> {
  const own = await defined.list(project);
  const metrics = new Map([
    ...own.map(({ name, type }) => [name, definedMetric(name, type)] as const),
    ...builtInMetrics,
  ]);
  const expressions = createExpressions({ metrics, hash });
  const tags: TagsByMetric = new Map<string, readonly string[]>([
    ...own.map(({ name, group_by }) => [name, Object.keys(group_by)] as const),
    ...Object.entries(measuredMetrics).map(([name, metric]) => [name, metric.tags] as const),
  ]);
  return { read: (id, definition) => readRule(id, definition, expressions, tags) };
}

/** What each metric can be read in parts by. */
type TagsByMetric = ReadonlyMap<string, readonly string[]>;

function readRule(
  id: string,
  definition: AlertRuleDefinition,
  expressions: Expressions,
  tags: TagsByMetric,
): ReadyRule {
  const windowMs = within('window', definition.window, 1000, longestReachMs);
  const { group_by: groupBy } = definition;
  const condition = compile('condition', definition.condition, expressions, groupBy);
  const resolveCondition =
    definition.resolve_condition === null
      ? null
      : compile('resolve_condition', definition.resolve_condition, expressions, groupBy);
  for (const each of [condition, resolveCondition]) if (each !== null) expectTags(groupBy, each, tags);
  let reachMs = windowMs;
  for (const [field, each] of [
    ['condition', condition],
    ['resolve_condition', resolveCondition],
  ] as const)
    for (const { agoMs } of each?.reads ?? []) {
      reachMs = Math.max(reachMs, agoMs + windowMs);
      if (reachMs > longestReachMs)
        throw validationError([
          { field, message: `${field} looks back for longer than 24h, the window included` },
        ]);
    }
  return {
    id,
    definition,
    windowMs,
    reachMs,
    condition,
    resolveCondition,
    timing: {
      forMs: within('for', definition.for, 0, longestWaitMs),
      keepFiringForMs: within('keep_firing_for', definition.keep_firing_for, 0, longestWaitMs),
      suppressionMs: definition.suppression_minutes * minuteMs,
      escalationMs: definition.escalation_minutes * minuteMs,
      onNoData: definition.on_no_data,
      hasResolveCondition: resolveCondition !== null,
    },
  };
}

/** A tag that a metric does not have would put everything into one group without a name. */
function expectTags(groupBy: readonly string[], condition: Condition, tags: TagsByMetric): void {
  const counted = new Set(condition.counts.map(({ metric }) => metric));
  for (const { metric } of condition.reads) {
    const known: readonly string[] = counted.has(metric) ? countedTags : (tags.get(metric) ?? []);
    const unknown = groupBy.find((tag) => !known.includes(tag));
    if (unknown === undefined) continue;
    const of = counted.has(metric) ? 'count(…)' : metric;
    const has = known.length === 0 ? 'it cannot be grouped' : `it has ${known.join(', ')}`;
    throw validationError([{ field: 'group_by', message: `group_by: ${of} has no tag ${unknown}; ${has}` }]);
  }
}

function within(field: string, text: string, least: number, most: number): number {
  const value = parseDuration(text);
  if (value !== null && value >= least && value <= most) return value;
  throw validationError([
    { field, message: `${field} must be from ${least / 1000}s to ${most / 3_600_000}h` },
  ]);
}

function compile(
  field: string,
  text: string,
  expressions: Expressions,
  groupBy: readonly string[],
): Condition {
  try {
    return expressions.compile(text, groupBy);
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    const { start, end } = error;
    const message = `${field}: ${error.message} (at character ${start + 1})`;
    throw new StreamFlowError('ValidationError', message, {
      details: { field, position: { start, end }, issues: [{ field, message }] },
    });
  }
}

/** Groups by the JSON list of their tag values. */
export const groupKey = (tags: readonly string[]): string => JSON.stringify(tags);
export const wholeGroup = groupKey([]);

export function groupTags(groupBy: readonly string[], key: string): Record<string, string> {
  const values: unknown = JSON.parse(key);
  const list: readonly unknown[] = Array.isArray(values) ? values : [];
  return Object.fromEntries(groupBy.map((name, index) => [name, String(list[index] ?? '')]));
}

/** What silences are matched against. */
export function labelsOf({ id, definition }: ReadyRule, key: string): Labels {
  return {
    ...groupTags(definition.group_by, key),
    ...Object.fromEntries(definition.tags.map((tag) => [`tag:${tag}`, 'true'])),
    rule: definition.name,
    rule_id: id,
    level: definition.level,
  };
}
