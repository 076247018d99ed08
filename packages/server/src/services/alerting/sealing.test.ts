import { expect, it } from 'vitest';
import { createSealing } from './sealing.ts';

it('opens what was sealed with the same key for the same thing, and nothing else', () => {
  const sealing = createSealing(['one secret']);
  const sealed = sealing.seal('{"url":"x"}', 'a');
  expect(sealed).not.toContain('url');
  expect(sealing.seal('{"url":"x"}', 'a')).not.toBe(sealed);
  expect(createSealing(['one secret']).open(sealed, 'a')).toBe('{"url":"x"}');
  const changed = sealed.slice(0, -6) + (sealed.at(-6) === 'A' ? 'B' : 'A') + sealed.slice(-5);
  for (const fail of [
    () => sealing.open(sealed, 'b'),
    () => createSealing(['another']).open(sealed, 'a'),
    () => sealing.open(changed, 'a'),
    () => sealing.open('v1.', 'a'),
    () => sealing.open('{"url":"x"}', 'a'),
  ])
    expect(fail).toThrow(expect.objectContaining({ code: 'Conflict' }));
});

it('opens what secrets of before sealed, and seals it anew with that of now', () => {
  const sealed = createSealing(['first']).seal('text', 'a');
  const later = createSealing(['third', 'second', 'first']);
  expect(later.open(sealed, 'a')).toBe('text');
  const renewed = later.renew(sealed, 'a') ?? '';
  expect(createSealing(['third']).open(renewed, 'a')).toBe('text');
  expect(later.renew(renewed, 'a')).toBeNull();
  expect(() => later.renew(sealed, 'b')).toThrow(expect.objectContaining({ code: 'Conflict' }));
});
