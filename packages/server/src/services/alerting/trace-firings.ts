import type { LiveMetrics } from '../../domain/metrics/live-metrics.ts';
import type { Span, Tracing } from '../../domain/tracing.ts';
import type { RuleOutcome } from './evaluation-writer.ts';

/** Traces of rules that began to fire. */
export interface FiringTraces {
  /** Ends their spans; gives by rule the trace context for what follows from it. */
  end(): ReadonlyMap<string, string>;
}

const nothing: ReadonlyMap<string, string> = new Map();
export const noTraces: FiringTraces = { end: () => nothing };

/** Requests beside the first that a span is linked to. */
const mostLinks = 31;

/**
 * Enters the firing of a rule into the trace of the last request whose events are in the window that it looked at, with
 * links to those before. Which of them made the condition true nobody can say: it was true of all together.
 */
export function traceFirings(
  tracing: Tracing,
  live: Pick<LiveMetrics, 'tracesOf'>,
  project: string,
  outcomes: readonly RuleOutcome[],
  startedAt: number,
): FiringTraces {
  const spans = new Map<string, Span>();
  for (const { ruleId, definition, explanations } of outcomes) {
    const [firing] = explanations.values();
    if (definition === null || firing === undefined) continue;
    const { start, end } = firing.window;
    const [group] = explanations.keys();
    const type = typeOf(definition.group_by, group);
    const [parent, ...others] = live.tracesOf(project, Date.parse(start), Date.parse(end), type);
    const span = tracing.start('fire alert', {
      kind: 'internal',
      parent,
      links: others.slice(0, mostLinks),
      startedAt,
      attributes: {
        'streamflow.rule.id': ruleId,
        'streamflow.rule.name': definition.name,
        'streamflow.alert.level': definition.level,
        'streamflow.alerts': explanations.size,
      },
    });
    if (span !== null) spans.set(ruleId, span);
  }
  if (spans.size === 0) return noTraces;
  return {
    end() {
      for (const span of spans.values()) span.end();
      return new Map([...spans].map(([ruleId, { traceparent }]) => [ruleId, traceparent]));
    },
  };
}

/** The type of event that a group is of, where rules are grouped by it. */
function typeOf(groupBy: readonly string[], group: string | undefined): string | undefined {
  const index = groupBy.indexOf('type');
  if (index < 0 || group === undefined) return undefined;
  const values: unknown = JSON.parse(group);
  return Array.isArray(values) && typeof values[index] === 'string' ? values[index] : undefined;
}
