import { randomUUID } from 'node:crypto';
import { formatEventLine, type LineEvent } from '@streamflow/contracts';
import type { EventBlock } from './port.ts';

/** Noon of the day around which the fixtures are. */
export const noon = Date.UTC(2026, 4, 20, 12);
export const minute = 60_000;

export function makeEvent(overrides: Partial<LineEvent> = {}): LineEvent {
  return {
    id: randomUUID(),
    timestamp: new Date(noon).toISOString(),
    received_at: new Date(noon + 1000).toISOString(),
    project: 'default',
    type: 'web.click',
    source: 'website',
    severity: 'medium',
    correlation_id: null,
    session_id: null,
    user_id: null,
    tags: [],
    metadata: {},
    data: {},
    ...overrides,
  };
}

export function blockOf(events: readonly LineEvent[], mayBeKnown = true): EventBlock {
  const text = events.map((event) => `${formatEventLine(event)}\n`).join('');
  return { lines: Buffer.from(text), count: events.length, mayBeKnown };
}

/** Texts that break what quotes, escapes or compares carelessly. */
export const hostileTexts = [
  "'; DROP TABLE events; --",
  '") OR 1=1 --',
  "\\'",
  '\\',
  '\\\\n',
  '%_*?',
  '{p1:String}',
  '$' + '{x}',
  '`events`',
  'line\nfeed\ttab\rreturn',
  '\u0001\u001f\u007f\u2028\u2029',
  'emoji 😀 e\u0301 ﷽',
  '{"json":true}',
  '[1]',
  '2024-01-01T00:00:00Z',
  'null',
  'true',
  '5',
  '5.0',
  '1e3',
  '-0',
  '__proto__',
  'constructor',
  ' ',
  'x'.repeat(5000),
] as const;

/** Values of properties: what JSON has, and what looks like something else. */
const ordinaryValues: readonly unknown[] = [
  ...hostileTexts,
  '',
  null,
  true,
  false,
  0,
  5,
  -0.5,
  1000,
  1e300,
  1e21,
  1.5e-7,
  2 ** 53 - 1,
  -(2 ** 53 - 1),
  0.1,
  [],
  {},
  [5],
  ['5', null, { a: [] }],
  { '': 1, 'a.b': 2, a: { b: 3 } },
];

/** An engine's JSON reader may choke on integers beyond 64 bits, and then reads everything else in another way. */
export const valueSets: readonly { readonly name: string; readonly values: readonly unknown[] }[] = [
  { name: 'ordinary values', values: ordinaryValues },
  { name: 'an integer beyond 64 bits among them', values: [...ordinaryValues, 1e20] },
];

/** Keys of every kind, also those that an engine may keep in columns. */
export const propertyKeys = [
  'v',
  'page',
  'status',
  'duration',
  'a.b',
  '',
  '0',
  "o'k",
  'ключ',
  'a\\b',
  'a"b',
] as const;

/** An event for each of the keys and values. */
export function propertyEvents(values: readonly unknown[]): LineEvent[] {
  return propertyKeys.flatMap((key, k) =>
    values.map((value, v) => {
      const number = k * values.length + v;
      return makeEvent({
        timestamp: new Date(noon + number * 1000).toISOString(),
        type: number % 5 === 0 ? 'error' : number % 3 === 0 ? 'api.response' : 'web.click',
        source: number % 2 === 0 ? 'website' : "it's",
        severity: number % 7 === 0 ? 'critical' : 'low',
        user_id: number % 4 === 0 ? null : `user ${number % 6}`,
        session_id: number % 9 === 0 ? 'session' : null,
        correlation_id: number % 8 === 0 ? "c'1" : null,
        tags: number % 3 === 0 ? ['a', "b'c"] : number % 3 === 1 ? ['a'] : [],
        data: { other: number, list: [number, { deep: value }], [key]: value },
        metadata: { [key]: value, n: null },
      });
    }),
  );
}
