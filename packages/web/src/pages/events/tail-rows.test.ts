import type { Event } from '@streamflow/contracts';
import { describe, expect, it } from 'vitest';
import { continueRows, mergeRows, mostRows } from './tail-rows.ts';

const event = (number: number): Event => ({
  id: `id-${String(number).padStart(5, '0')}`,
  type: 'custom',
  timestamp: new Date(number * 1000).toISOString(),
  received_at: new Date(number * 1000).toISOString(),
  source: 'test',
  severity: 'low',
  user_id: null,
  session_id: null,
  correlation_id: null,
  tags: [],
  data: {},
  metadata: {},
});
const numbersOf = (rows: readonly Event[]) => rows.map(({ id }) => Number(id.slice(3)));

describe('rows of the tail', () => {
  it('have each event once, newest first, in whatever order they are told', () => {
    const listed = mergeRows([], [event(3), event(1)]);
    expect(numbersOf(mergeRows(listed, [event(2), event(3), event(4)]))).toEqual([4, 3, 2, 1]);
  });

  it('have no hole where more was missed than is listed', () => {
    const known = [event(9), event(2), event(1)];
    expect(numbersOf(continueRows(known, [event(8), event(7)], 2))).toEqual([9, 8, 7]);
    expect(numbersOf(continueRows(known, [event(3), event(2)], 2))).toEqual([9, 3, 2, 1]);
    expect(numbersOf(continueRows(known, [event(8)], 2))).toEqual([9, 8, 2, 1]);
  });

  it('are bounded, and the oldest give way', () => {
    const many = Array.from({ length: mostRows + 5 }, (_, number) => event(number));
    const numbers = numbersOf(mergeRows([], many));
    expect([numbers.length, numbers[0], numbers.at(-1)]).toEqual([mostRows, mostRows + 4, 5]);
  });
});
