import { type Event, eventLineLayout } from '@streamflow/contracts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createEventTypes } from './event-types.ts';
import { defaultEventLimits } from './limits.ts';
import { type AcceptedEvent, createNormalise, orThrow } from './normalise.ts';
import { createTakeReceipt } from './receipt.ts';

const now = Date.UTC(2023, 11, 1, 12, 0, 0, 500);
const nowText = '2023-12-01T12:00:00.500Z';
const madeId = '018c2589-2b00-77ff-bfff-ffffffffffff';
const takeReceipt = createTakeReceipt({ now: () => now });
const normalise = createNormalise({ types: createEventTypes(), limits: defaultEventLimits }, () => madeId);
const minimal = { type: 'web.click', source: 'website' };

const accept = (input: unknown, sentAt?: string): AcceptedEvent =>
  orThrow(
    normalise(
      input,
      takeReceipt('default', sentAt === undefined ? undefined : { value: sentAt, field: 'sent_at' }),
    ),
  );
const stored = (input: unknown, sentAt?: string): Event & { project: string } =>
  JSON.parse(accept(input, sentAt).line);
const issuesOf = (input: unknown, sentAt?: string) => {
  const receipt = takeReceipt(
    'default',
    sentAt === undefined ? undefined : { value: sentAt, field: 'sent_at' },
  );
  const result = normalise(input, receipt);
  if ('issues' in result) return result.issues;
  throw new Error(`accepted: ${result.line}`);
};

describe('normalising an event', () => {
  it('fills in what the client left out', () => {
    const event = accept(minimal);
    expect(event).toMatchObject({ id: madeId, type: 'web.click', label: 'web.click', idFromClient: false });
    expect(JSON.parse(event.line)).toEqual({
      id: madeId,
      timestamp: nowText,
      received_at: nowText,
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
    });
  });

  it('keeps what the client sent, with the id in lower case and the time in UTC', () => {
    const sent = {
      ...minimal,
      id: '550E8400-E29B-41D4-A716-446655440000',
      timestamp: '2023-12-01T13:00:00.1239+01:00',
      severity: 'critical',
      data: { 'id.orig_h': null, list: [{}, [], -0.5e-7], n: 1e300 },
      metadata: { z: 1, a: { b: null } },
      correlation_id: 'c"\\\n',
      session_id: 'ß\u2028😀',
      user_id: null,
      tags: ['a', 'a', '"'],
    };
    const event = accept(sent);
    expect(event.idFromClient).toBe(true);
    expect(JSON.parse(event.line)).toEqual({
      ...sent,
      id: '550e8400-e29b-41d4-a716-446655440000',
      timestamp: '2023-12-01T12:00:00.123Z',
      received_at: nowText,
      project: 'default',
    });
    const { id, timestamp, receivedAt } = eventLineLayout;
    expect(event.line.slice(id.start, id.end)).toBe('550e8400-e29b-41d4-a716-446655440000');
    expect(event.line.slice(timestamp.start, timestamp.end)).toBe('2023-12-01T12:00:00.123Z');
    expect(event.line.slice(receivedAt.start, receivedAt.end)).toBe(nowText);
  });

  it('gives data and metadata back as the same JSON values', () => {
    const object = fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue({ stringUnit: 'binary' }), {
      noNullPrototype: true,
    });
    fc.assert(
      fc.property(object, object, (data, metadata) => {
        const event = stored({ ...minimal, data, metadata });
        expect(JSON.stringify(event.data)).toBe(JSON.stringify(data));
        expect(JSON.stringify(event.metadata)).toBe(JSON.stringify(metadata));
      }),
      { numRuns: 300 },
    );
  });

  it('answers a type that is not allowed as documented', () => {
    for (const type of ['web.clack', 'Web.Click', '', 'custom.', 7, null]) {
      expect(issuesOf({ ...minimal, type })).toEqual([
        {
          field: 'type',
          message: 'Invalid event type provided',
          allowed_values: expect.arrayContaining([
            'web.click',
            'api.request',
            'user.login',
            'error',
            'custom.*',
          ]),
        },
      ]);
    }
  });

  it('takes any well-formed type when configured to', () => {
    const any = createNormalise(
      { types: createEventTypes({ accept: 'any' }), limits: defaultEventLimits },
      () => madeId,
    );
    expect(any({ ...minimal, type: 'made.up' }, takeReceipt('default'))).toMatchObject({ label: 'other' });
    expect(any({ ...minimal, type: 'Made Up' }, takeReceipt('default'))).toEqual({
      issues: [{ field: 'type', message: 'Invalid event type provided' }],
    });
  });

  it('reports everything that is wrong, not only the first', () => {
    const issues = issuesOf({
      source: '',
      id: '550e8400',
      timestamp: 'yesterday',
      severity: 'urgent',
      data: [],
      metadata: null,
      correlation_id: 7,
      session_id: '',
      user_id: 'x'.repeat(257),
      tags: ['ok', '', 3],
      received_at: nowText,
      'a.b': 1,
    });
    expect(issues.map(({ field }) => field)).toEqual([
      'type',
      'source',
      'id',
      'timestamp',
      'severity',
      'data',
      'metadata',
      'correlation_id',
      'session_id',
      'user_id',
      'tags.1',
      'tags.2',
      'received_at',
      '"a.b"',
    ]);
    expect(issues.find(({ field }) => field === 'severity')?.allowed_values).toContain('critical');
  });

  it.each([[null], [[]], ['x'], [1]])('refuses %j, which is no object', (input) => {
    expect(issuesOf(input)).toEqual([{ field: '', message: 'An event must be an object' }]);
  });

  it('refuses as many unknown fields as come, in an answer of bounded size', () => {
    const input = Object.fromEntries(Array.from({ length: 5000 }, (_, i) => [`f${i}`, i]));
    expect(issuesOf({ ...minimal, ...input })).toHaveLength(20);
  });

  it('allows 64 tags, of 128 characters', () => {
    const tags = Array.from({ length: 64 }, (_, i) => `${i}`.padEnd(128, 'x'));
    expect(stored({ ...minimal, tags }).tags).toEqual(tags);
    expect(issuesOf({ ...minimal, tags: [...tags, 'more'] })).toEqual([
      { field: 'tags', message: 'An event has at most 64 tags; this one has 65' },
    ]);
    expect(issuesOf({ ...minimal, tags: ['x'.repeat(129)] })).toMatchObject([{ field: 'tags.0' }]);
  });

  it('counts the size of an event in bytes of UTF-8, the way it was sent', () => {
    for (const unit of ['x', 'é', '漢', '😀']) {
      const sized = (bytes: number) => {
        const empty = Buffer.byteLength(JSON.stringify({ ...minimal, data: { text: '' } }));
        const room = bytes - empty;
        const width = Buffer.byteLength(unit);
        const text = unit.repeat(Math.floor(room / width)) + 'x'.repeat(room % width);
        return { ...minimal, data: { text } };
      };
      expect(stored(sized(65_536)).data).toEqual(sized(65_536).data);
      expect(issuesOf(sized(65_537))).toEqual([
        { field: '', message: 'An event has at most 65536 bytes as compact JSON; this one has 65537' },
      ]);
    }
  });

  it('refuses a timestamp more than five minutes ahead', () => {
    expect(stored({ ...minimal, timestamp: '2023-12-01T12:05:00.500Z' }).timestamp).toBe(
      '2023-12-01T12:05:00.500Z',
    );
    expect(issuesOf({ ...minimal, timestamp: '2023-12-01T12:05:00.501Z' })).toEqual([
      { field: 'timestamp', message: expect.stringContaining('more than 300 seconds ahead') },
    ]);
  });

  it('corrects a wrong clock by sent_at and keeps the original timestamp', () => {
    const event = stored(
      { ...minimal, timestamp: '2023-12-01T13:59:00+01:00', metadata: { a: 1 } },
      '2023-12-01T13:00:00.000Z',
    );
    expect(event.timestamp).toBe('2023-12-01T11:59:00.500Z');
    expect(event.metadata).toEqual({ a: 1, original_timestamp: '2023-12-01T13:59:00+01:00' });
  });

  it('corrects only events that carry a timestamp, and keeps an original that a relay has kept', () => {
    expect(stored(minimal, '1970-01-01T00:00:00Z')).toMatchObject({ timestamp: nowText, metadata: {} });
    const relayed = {
      ...minimal,
      timestamp: '2023-12-01T12:00:00Z',
      metadata: { original_timestamp: 'first' },
    };
    expect(stored(relayed, '2023-12-01T12:00:00.000Z').metadata).toEqual({ original_timestamp: 'first' });
    expect(stored(relayed, nowText)).toMatchObject({ timestamp: '2023-12-01T12:00:00.000Z' });
  });

  it('refuses a timestamp that the correction moves out of range, and a sent_at that is no time', () => {
    expect(issuesOf({ ...minimal, timestamp: '1900-01-01T00:00:00Z' }, '2024-01-01T00:00:00Z')).toMatchObject(
      [{ field: 'timestamp', message: expect.stringContaining('1899') }],
    );
    expect(issuesOf({ ...minimal, timestamp: nowText }, '2023-12-01T11:00:00Z')).toMatchObject([
      { field: 'timestamp', message: expect.stringContaining('ahead') },
    ]);
    expect(() => takeReceipt('default', { value: 'noon', field: 'sent_at' })).toThrow(/sent_at must be/);
    const late = { value: '2300-01-01T00:00:00Z', field: 'sent_at' };
    expect(() => takeReceipt('default', late)).toThrow(/from the years 1900 to 2299/);
  });
});
