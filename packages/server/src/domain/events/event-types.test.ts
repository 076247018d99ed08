import { describe, expect, it } from 'vitest';
import { createEventTypes } from './event-types.ts';

describe('event types', () => {
  it('allows the built-in ones and what is configured beside them', () => {
    const types = createEventTypes({ types: ['shop.order', 'iot.*'] });
    expect(types.labelOf('web.click')).toBe('web.click');
    expect(types.labelOf('shop.order')).toBe('shop.order');
    expect(types.labelOf('shop.refund')).toBeUndefined();
    expect(types.allowed).toEqual(expect.arrayContaining(['web.click', 'custom.*', 'shop.order', 'iot.*']));
  });

  it('takes any name below a pattern, counted under the pattern, but not the prefix itself', () => {
    const types = createEventTypes({ types: ['iot.*'] });
    expect(types.labelOf('iot.sensor.heat')).toBe('iot.*');
    expect(types.labelOf('iot')).toBeUndefined();
    expect(types.labelOf('iots.x')).toBeUndefined();
    expect(types.labelOf('iot.')).toBeUndefined();
  });

  it('counts what is taken only because anything is under one label', () => {
    const types = createEventTypes({ accept: 'any' });
    expect(types.allowed).toBeNull();
    expect(types.labelOf('made.up')).toBe('other');
    expect(types.labelOf('error')).toBe('error');
  });

  it.each(['', '*', 'Web', 'a..b', 'a.*.b', '.*', 'a*'])('refuses the configured entry %j', (entry) => {
    expect(() => createEventTypes({ types: [entry] })).toThrow(/neither an event type nor a pattern/);
  });
});
