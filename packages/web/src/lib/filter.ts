import type { DataPath, EventFilter } from '@streamflow/client';
import type { Severity } from '@streamflow/contracts';
import type { Condition } from './view.ts';

/** Fields that conditions may name, beside any `data.<path>`. */
export const filterFields = [
  'type',
  'source',
  'severity',
  'user_id',
  'session_id',
  'correlation_id',
  'tag',
] as const;

const isSeverity = (value: string): value is Severity =>
  value === 'low' || value === 'medium' || value === 'high' || value === 'critical';
export const isDataPath = (field: string): field is DataPath => field.startsWith('data.') && field.length > 5;
export const isFilterable = (field: string): boolean =>
  isDataPath(field) || filterFields.some((known) => known === field);

/** All conditions hold; values of one field are alternatives. */
export function toEventFilter(
  conditions: readonly Condition[],
  { start, end }: { readonly start?: number; readonly end?: number },
): EventFilter {
  const of = (field: string): string[] | undefined => {
    const values = conditions.filter((each) => each.field === field).map(({ value }) => value);
    return values.length === 0 ? undefined : values;
  };
  const data: Record<DataPath, string[]> = {};
  for (const { field } of conditions) if (isDataPath(field)) data[field] = of(field) ?? [];
  const severity = of('severity')?.filter(isSeverity);
  return {
    ...data,
    start: start === undefined ? undefined : new Date(start),
    end: end === undefined ? undefined : new Date(end),
    type: of('type'),
    source: of('source'),
    severity,
    user_id: of('user_id'),
    session_id: of('session_id'),
    correlation_id: of('correlation_id'),
    tag: of('tag'),
  };
}

/** A segment with other characters than letters, digits, `_` and `-` is quoted in a path. */
export const pathSegment = (name: string): string => (/^[\w-]+$/.test(name) ? name : JSON.stringify(name));
