import { expect, it } from 'vitest';
import { assignColours, colourCount } from './colours.ts';

it('gives a name the same colour with whatever others it is shown', () => {
  const known = new Map<string, number>();
  const first = assignColours(['custom.a', 'custom.b'], known);
  const second = assignColours(['error', 'custom.b', 'web.click', 'custom.c', 'custom.a'], known);
  expect(second.get('custom.a')).toBe(first.get('custom.a'));
  expect(second.get('custom.b')).toBe(first.get('custom.b'));
  expect(assignColours(['error'], new Map()).get('error')).toBe(second.get('error'));
});

it('gives no colour twice among as many names as there are colours', () => {
  const names = Array.from({ length: colourCount }, (_, at) => `custom.${at}`);
  expect(new Set(assignColours(names, new Map()).values()).size).toBe(colourCount);
});
