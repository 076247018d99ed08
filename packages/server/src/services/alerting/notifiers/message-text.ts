import type { AlertNotification } from '@streamflow/contracts';

/* How alerts read, whatever they are sent by. */

type NotifiedAlert = AlertNotification['alerts'][number];

const kinds: Readonly<Record<AlertNotification['kind'], string>> = {
  firing: 'FIRING',
  escalated: 'STILL FIRING, NOT ACKNOWLEDGED',
  resolved: 'RESOLVED',
  test: 'TEST',
};

/** One line. */
export function titleOf({ kind, level, rule, alerts }: AlertNotification): string {
  const count = alerts.length > 1 ? ` (${alerts.length} groups)` : '';
  const [first] = alerts;
  const group = alerts.length === 1 && first !== undefined ? groupText(first.group) : '';
  return `[${kinds[kind]}] ${level}: ${rule.name}${group === '' ? count : ` – ${group}`}`.replace(
    /\s+/g,
    ' ',
  );
}

export const groupText = (group: Readonly<Record<string, string>>): string =>
  Object.entries(group)
    .map(([name, value]) => `${name}=${value}`)
    .join(', ');

export const numberText = (value: number | null): string =>
  value === null ? 'no values' : String(Number(value.toPrecision(6)));

/** What was measured, by whom most, and since when. */
export function alertLines({ explanation, fired_at, resolved_at, group }: NotifiedAlert): string[] {
  const { value, condition, threshold, window, contributors } = explanation;
  return [
    `${groupText(group) || 'All together'}: ${numberText(value)} from ${window.start} to ${window.end}`,
    `Condition: ${condition}${/\bthreshold\b/.test(condition) ? ` (threshold ${threshold})` : ''}`,
    ...contributors.map(
      (one) => `  ${groupText(one.group)}: ${numberText(one.value)}, before ${numberText(one.before)}`,
    ),
    resolved_at === null ? `Firing since ${fired_at}` : `Fired from ${fired_at} to ${resolved_at}`,
  ];
}
