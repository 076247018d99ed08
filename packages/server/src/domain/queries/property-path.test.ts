import { describe, expect, it } from 'vitest';
import { formatPropertyPath, parsePropertyPath, valueAt } from './property-path.ts';

describe('property paths', () => {
  it('reads bare and quoted keys, and writes them back', () => {
    for (const text of ['data.page', 'data.items.0.price', 'data."id.orig_h"', 'data."a\\"b".c']) {
      expect(formatPropertyPath(parsePropertyPath(text, 'field'))).toBe(text);
    }
    expect(parsePropertyPath('data."id.orig_h".x', 'field')).toEqual(['id.orig_h', 'x']);
  });

  it.each([
    'data',
    'page',
    'data.',
    'data..a',
    'data.a b',
    'data."a',
    "data.a'); drop table events--",
    'data.\u0000',
    'data."\\u0000"',
  ])('refuses %j', (text) => {
    expect(() => parsePropertyPath(text, 'field')).toThrow(/field must be data/);
  });

  it('finds values, never inherited ones', () => {
    const data = { a: { b: [10, { c: null }] }, 'x.y': 1 };
    expect(valueAt(data, ['a', 'b', '0'])).toBe(10);
    expect(valueAt(data, ['a', 'b', '1', 'c'])).toBeNull();
    expect(valueAt(data, ['x.y'])).toBe(1);
    expect(valueAt(data, ['a', 'b', 'length'])).toBeUndefined();
    expect(valueAt(data, ['constructor'])).toBeUndefined();
  });
});
