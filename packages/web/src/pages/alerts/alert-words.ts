import type { Alert, TimelineEntry } from '@streamflow/contracts';
import { formatValue } from '../../lib/format.ts';
import { conditionParams, type Params } from '../../lib/view.ts';
import { drawnCondition } from './condition-metric.ts';

/** Values by tag, as a person reads them; empty for an alert of the whole. */
export const groupText = (group: Readonly<Record<string, string>>): string =>
  Object.entries(group)
    .map(([name, value]) => `${name} ${value}`)
    .join(', ');

/** A figure of the alert in the unit of its metric, where it is one that is known. */
export function measuredText(alert: Alert, value: number | null): string {
  const { condition, threshold } = alert.explanation;
  return formatValue(value, drawnCondition(condition, threshold)?.unit ?? 'number');
}

const words: Readonly<Record<TimelineEntry['what'], string>> = {
  firing: 'Began to fire',
  notified: 'Told',
  acknowledged: 'Acknowledged',
  silenced: 'Silenced',
  escalated: 'Escalated',
  resolved: 'Resolved',
  delivered: 'Delivered',
  delivery_failed: 'Could not be delivered',
};
export const timelineText = ({ what }: TimelineEntry): string => words[what];

/** What the page of the events needs to show the events concerned. */
export function eventsParams(alert: Alert): Params {
  const query = new URLSearchParams(alert.explanation.events_query);
  const conditions = [...query]
    .filter(([field]) => field !== 'start' && field !== 'end')
    .map(([field, value]) => ({ field, value }));
  return {
    from: query.get('start') ?? undefined,
    to: query.get('end') ?? undefined,
    ...conditionParams(conditions),
  };
}
