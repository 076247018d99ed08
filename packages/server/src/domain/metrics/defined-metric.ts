import type { Issue, MetricType } from '@streamflow/contracts';
import type { CountedEvents } from '../expressions/condition.ts';
import { compileExpression, type Expected, type Expression } from './expressions.ts';

/** What of a definition says what is measured. */
export interface MeasuredDefinition {
  readonly name: string;
  readonly type: MetricType;
  readonly filter: string | null;
  readonly value: string | null;
  readonly group_by: Readonly<Record<string, string>>;
}

/** What measures the events that a condition counts by a filter, parted by properties of theirs. */
export const countDefinition = ({ metric, filter, tags }: CountedEvents): MeasuredDefinition => ({
  name: metric,
  type: 'counter',
  filter,
  value: null,
  group_by: Object.fromEntries(tags.map((tag) => [tag, `event.${tag}`])),
});

export interface DefinedMetric {
  readonly name: string;
  readonly type: MetricType;
  /** Whether events are counted, not values. */
  readonly countsEvents: boolean;
  /** Throws where an expression has no value for the event. Null when the event is not measured. */
  measure(event: object): Measurement | null;
}

export interface Measurement {
  /** 1 where events are counted. */
  readonly value: number;
  readonly tags: Readonly<Record<string, string>>;
}

const noTags = {};
const mostTagCharacters = 256;

/** The metric of a definition, compiled once; or what is wrong with it, by field. */
export function compileDefinition(
  definition: MeasuredDefinition,
): { readonly metric: DefinedMetric } | { readonly issues: readonly Issue[] } {
  const issues: Issue[] = [];
  const compile = (field: string, text: string | null, expected: Expected): Expression | null => {
    if (text === null) return null;
    const compiled = compileExpression(text, expected);
    if ('expression' in compiled) return compiled.expression;
    const { message, position } = compiled.problem;
    const where = position === null ? '' : ` at position ${position}`;
    issues.push({ field, message: `${field} is not acceptable${where}: ${message}` });
    return null;
  };
  const filter = compile('filter', definition.filter, 'condition');
  const value = compile('value', definition.value, 'number');
  const tags = Object.entries(definition.group_by).map(
    ([name, text]) => [name, compile(`group_by.${name}`, text, 'text')] as const,
  );
  if (definition.value === null && definition.type !== 'counter')
    issues.push({
      field: 'value',
      message: `value must be given: a ${definition.type} does not count events`,
    });
  if (issues.length > 0) return { issues };
  const tagsOf = (event: object): Measurement['tags'] => {
    if (tags.length === 0) return noTags;
    const measured: Record<string, string> = {};
    for (const [name, expression] of tags) {
      const text = expression?.(event);
      measured[name] = text === null || text === undefined ? '' : String(text).slice(0, mostTagCharacters);
    }
    return measured;
  };
  return {
    metric: {
      name: definition.name,
      type: definition.type,
      countsEvents: value === null,
      measure(event) {
        if (filter !== null && filter(event) !== true) return null;
        if (value === null) return { value: 1, tags: tagsOf(event) };
        const given = value(event);
        const number = typeof given === 'bigint' ? Number(given) : given;
        if (typeof number !== 'number' || !Number.isFinite(number)) return null;
        return { value: number, tags: tagsOf(event) };
      },
    },
  };
}
