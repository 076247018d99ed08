import type { PropertyPath } from '../queries/property-path.ts';
import { valueAt } from '../queries/property-path.ts';

/**
 * Properties of `data` that say how long an answer took, and how many of their units are a second. The first one that is
 * a number of zero or more is the response time of the event, whatever its type.
 */
export const responseTimeProperties: readonly { readonly path: PropertyPath; readonly perSecond: number }[] =
  [
    { path: ['response_time'], perSecond: 1 },
    { path: ['duration'], perSecond: 1 },
    { path: ['duration_ms'], perSecond: 1000 },
  ];

/** Seconds; null when the event has no response time. */
export function responseTimeOf(data: unknown): number | null {
  for (const { path, perSecond } of responseTimeProperties) {
    const value = valueAt(data, path);
    if (typeof value === 'number' && value >= 0) return value / perSecond;
  }
  return null;
}
