import type { Event } from '@streamflow/contracts';

/** The properties of `data` that tell most at a glance, in one line. */
export function summarise(data: Event['data'], most = 6): string {
  return Object.entries(data)
    .filter(([, value]) => value !== null && value !== '' && typeof value !== 'object')
    .slice(0, most)
    .map(([name, value]) => `${name}=${String(value)}`)
    .join('  ');
}

/** A value of an event as a condition compares it; null for what no condition compares. */
export function conditionValue(value: unknown): string | null {
  if (typeof value === 'string') return value;
  return typeof value === 'number' || typeof value === 'boolean' || value === null ? String(value) : null;
}
