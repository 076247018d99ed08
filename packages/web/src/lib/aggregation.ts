import type { AggregationResult } from '@streamflow/contracts';

type Group = AggregationResult['aggregations'][string];

export interface Row {
  /** One name for each `group_by`. */
  readonly names: readonly string[];
  readonly value: number | null;
}

export const nameOfNull = '(none)';
const shown = (name: string): string => (name === 'null' ? nameOfNull : name);

/** Groups as rows, largest first. */
export function rowsOf(aggregations: AggregationResult['aggregations']): readonly Row[] {
  const rows = Object.entries(aggregations).flatMap(([name, group]: [string, Group]): Row[] =>
    typeof group === 'object' && group !== null
      ? Object.entries(group).map(([inner, value]) => ({ names: [shown(name), shown(inner)], value }))
      : [{ names: [shown(name)], value: group }],
  );
  return rows.toSorted((a, b) => (b.value ?? 0) - (a.value ?? 0));
}

export const rowName = ({ names }: Row): string => names.join(' · ');

/** Values at these times by group; `absent` where an interval has nothing. */
export function seriesOf(
  result: AggregationResult,
  times: readonly number[],
  absent: number | null,
): ReadonlyMap<string, readonly (number | null)[]> {
  const position = new Map(times.map((time, at) => [time, at]));
  const found = new Map<string, (number | null)[]>();
  const at = (name: string): (number | null)[] => {
    const values = found.get(name) ?? times.map(() => absent);
    found.set(name, values);
    return values;
  };
  const rows = rowsOf(result.aggregations);
  for (const row of rows) at(rowName(row));
  for (const point of result.series ?? []) {
    const index = position.get(Date.parse(point.timestamp));
    if (index === undefined) continue;
    const ofPoint = rows.length === 0 ? [] : rowsOf(point.aggregations);
    for (const row of ofPoint) at(rowName(row))[index] = row.value;
    if (rows.length === 0) at('all')[index] = point.total;
  }
  if (rows.length === 0) at('all');
  return found;
}
