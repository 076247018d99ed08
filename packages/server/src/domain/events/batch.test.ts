import { describe, expect, it } from 'vitest';
import { StreamFlowError } from '../errors.ts';
import { type NormalisedBatch, normaliseBatch } from './batch.ts';
import { createEventTypes } from './event-types.ts';
import { defaultEventLimits } from './limits.ts';
import { createNormalise } from './normalise.ts';
import { createTakeReceipt } from './receipt.ts';
import { readJson } from './strict-json.ts';

const id = (n: number): string => `550e8400-e29b-41d4-a716-${String(n).padStart(12, '0')}`;
const event = (n: number, more: object = {}) => ({ id: id(n), type: 'custom', source: 's', ...more });
const takeReceipt = createTakeReceipt({ now: () => Date.UTC(2023, 11, 1) });
const normalise = createNormalise({ types: createEventTypes(), limits: defaultEventLimits }, () => id(0));

function batch(body: string | { events: unknown }, partial = false): NormalisedBatch {
  const document = readJson(Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)));
  const { value } = document;
  const events = typeof value === 'object' && value !== null && 'events' in value ? value.events : undefined;
  const receipt = takeReceipt('default');
  return normaliseBatch(document, events, {
    at: ['events'],
    receipt,
    partial,
    limits: defaultEventLimits,
    normalise,
  });
}

function refusal(body: string | { events: unknown }, partial = false) {
  try {
    batch(body, partial);
  } catch (error) {
    if (error instanceof StreamFlowError) return error;
    throw error;
  }
  throw new Error('accepted');
}

describe('normalising a batch', () => {
  it('keeps the order, and answers repeated ids alike', () => {
    const { accepted, ids, issues } = batch({ events: [event(2), event(1), event(2)] });
    expect(ids).toEqual([id(2), id(1), id(2)]);
    expect(accepted.map((one) => one.id)).toEqual(ids);
    expect(issues).toEqual([]);
  });

  it('is all or nothing: one bad event refuses it, with every bad index', () => {
    const error = refusal({
      events: [event(1), event(2, { type: 'nope' }), event(3), event(4, { x: 1, tags: 'a' })],
    });
    expect(error.code).toBe('ValidationError');
    expect(error.details.field).toBe('type');
    expect((error.details.issues ?? []).map(({ index, field }) => [index, field])).toEqual([
      [1, 'type'],
      [3, 'tags'],
      [3, 'x'],
    ]);
  });

  it('accepts the good ones when asked to', () => {
    const { ids, accepted, issues } = batch(
      { events: [event(1), 'x', event(3), event(4, { source: '' })] },
      true,
    );
    expect(ids).toEqual([id(1), null, id(3), null]);
    expect(accepted).toHaveLength(2);
    expect(issues.map(({ index }) => index)).toEqual([1, 3]);
  });

  it('refuses a partial batch of which nothing is good', () => {
    expect(refusal({ events: [1, 2] }, true).details.issues).toHaveLength(2);
  });

  it('blames hostile JSON on the event that holds it', () => {
    const body = `{"events":[${JSON.stringify(event(1))},{"type":"custom","source":"s","data":{"a":[1,{"__proto__":1e400}]}},${JSON.stringify(event(3))}]}`;
    const { ids, issues } = batch(body, true);
    expect(ids).toEqual([id(1), null, id(3)]);
    expect(issues.map(({ index, field }) => [index, field])).toEqual([
      [1, 'data.a.1.__proto__'],
      [1, 'data.a.1.__proto__'],
    ]);
    expect(refusal(body).details.field).toBe('data.a.1.__proto__');
    expect(refusal('{"events":[],"x":"\\u0000","events":[1]}', true).details.field).toBe('x');
  });

  it('allows each event the depth that it has alone', () => {
    const nested = (levels: number): unknown => (levels === 0 ? 1 : [nested(levels - 1)]);
    const { ids, issues } = batch(
      { events: [event(1, { data: { a: nested(30) } }), event(2, { data: { a: nested(31) } })] },
      true,
    );
    expect(ids).toEqual([id(1), null]);
    expect(issues).toMatchObject([{ index: 1, message: 'Nested deeper than 32 levels' }]);
    expect(issues[0]?.field).toMatch(/^data\.a(\.0){30}$/);
  });

  it('holds 1,000 events and no more, and not none', () => {
    const events = Array.from({ length: 1001 }, (_, n) => event(n));
    expect(batch({ events: events.slice(1) }).accepted).toHaveLength(1000);
    expect(refusal({ events }, true).message).toBe('A batch has at most 1000 events; this one has 1001');
    expect(refusal({ events: [] }).details.field).toBe('events');
    expect(refusal('{}').details.field).toBe('events');
    expect(refusal({ events: {} }, true).details.field).toBe('events');
  });

  it('names every bad event of a large batch, in an answer of bounded size', () => {
    const bad = Object.fromEntries(Array.from({ length: 100 }, (_, n) => [`f${n}`, n]));
    const issues = refusal({ events: Array.from({ length: 1000 }, () => bad) }).details.issues ?? [];
    expect(new Set(issues.map(({ index }) => index)).size).toBe(1000);
    expect(issues.length).toBeLessThan(2500);
  });
});
