import { type Event, formatEventLine } from '@streamflow/contracts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { builtInMeasuresOf } from './built-in-measures.ts';
import { KnownTexts } from './known-texts.ts';
import { LineScan } from './line-scan.ts';

const project = 'default';

/** What the scan reads of each line of a batch; null where the line has to be parsed. */
function scanAll(type: string, events: readonly Event[]) {
  const lines = events.map((event) => formatEventLine({ ...event, project }));
  const bytes = Buffer.from(`${lines.join('\n')}\n`, 'utf8');
  const scan = new LineScan(project, type, new KnownTexts());
  let at = 0;
  return lines.map((line) => {
    const start = at;
    at += Buffer.byteLength(line) + 1;
    return scan.read(bytes, start);
  });
}

const base: Event = {
  id: '0198c0de-0000-7000-8000-000000000001',
  type: 'web.click',
  source: 'website',
  timestamp: '2024-01-01T00:00:00.000Z',
  received_at: '2024-01-01T00:00:00.001Z',
  severity: 'medium',
  data: {},
  metadata: {},
  correlation_id: null,
  session_id: null,
  user_id: null,
  tags: [],
};

describe('a scan of event lines', () => {
  it('reads plain lines without parsing them', () => {
    const events = [
      { ...base, user_id: 'u1', session_id: 's1', data: { page: '/', duration_ms: 250, status: 200 } },
      { ...base, source: 'mobile', correlation_id: 'c', data: { duration: 'long', duration_ms: 1.5e3 } },
      { ...base, tags: ['a', 'b'], metadata: { sdk: 'js' }, data: { response_time: -1, duration: 0 } },
    ];
    expect(scanAll('web.click', events)).toEqual(events.map(builtInMeasuresOf));
  });

  it('knows the errors', () => {
    const answers = [200, 499, 500, 503, '500', null].flatMap((status) => [
      { ...base, type: 'api.response', data: { status } },
      { ...base, type: 'api.response', data: { status_code: status } },
    ]);
    expect(scanAll('api.response', answers)).toEqual(answers.map(builtInMeasuresOf));
    const errors = [{ ...base, type: 'error', data: { message: 'x' } }];
    expect(scanAll('error', errors)).toEqual(errors.map(builtInMeasuresOf));
  });

  it.each([
    ['a key that ends like one of ours', { 'x"duration': 5, 'x,"response_time': 6 }],
    ['text that looks like one of ours', { note: ',"duration":5,', other: '{"response_time":7}' }],
    ['one of ours within another object', { inner: { duration: 5 }, list: [{ response_time: 1 }] }],
    ['one of ours behind an inner object', { inner: {}, duration: 5 }],
  ])('is not deceived by %s', (_, data) => {
    const [measures] = scanAll('web.click', [{ ...base, data }]);
    expect(measures ?? builtInMeasuresOf({ ...base, data })).toEqual(builtInMeasuresOf({ ...base, data }));
  });

  it('tells data from what metadata says of data', () => {
    const events = [{ ...base, metadata: { a: { b: 1 }, data: { duration: 9 } }, data: { duration: 1 } }];
    expect(scanAll('web.click', events)).toEqual(events.map(builtInMeasuresOf));
  });

  it('leaves a line to the parser where an id has escapes, and one of another form', () => {
    expect(scanAll('web.click', [{ ...base, user_id: 'a"b' }])).toEqual([null]);
    const scan = new LineScan(project, 'web.pageview', new KnownTexts());
    expect(scan.read(Buffer.from(formatEventLine({ ...base, project })), 0)).toBeNull();
    expect(scan.read(Buffer.from('{"id":1}'), 0)).toBeNull();
  });

  it('agrees with the parser on whatever is sent', () => {
    const key = fc.oneof(
      fc.constantFrom(
        'response_time',
        'duration',
        'duration_ms',
        'status',
        'status_code',
        'data',
        'metadata',
      ),
      fc.constantFrom('x"duration', ',"duration', '{"status', '},"data":{'),
      fc.string({ unit: 'grapheme', maxLength: 6 }),
    );
    const value = fc.letrec((tie) => ({
      any: fc.oneof(
        { maxDepth: 3 },
        fc.double({ noNaN: true, noDefaultInfinity: true }),
        fc.integer(),
        key,
        fc.constant(null),
        tie('object'),
        fc.array(tie('any'), { maxLength: 3 }),
      ),
      object: fc.dictionary(
        key.filter((name) => name !== '__proto__'),
        tie('any'),
        { maxKeys: 5 },
      ),
    }));
    const text = fc.oneof(key, fc.string({ unit: 'binary', maxLength: 8 }));
    const event = fc.record({
      source: text,
      severity: fc.constantFrom('low', 'medium', 'high', 'critical'),
      correlation_id: fc.option(text),
      session_id: fc.option(text),
      user_id: fc.option(text),
      tags: fc.array(text, { maxLength: 3 }),
      metadata: value.object,
      data: value.object,
    });
    fc.assert(
      fc.property(
        fc.constantFrom('web.click', 'api.response', 'error'),
        fc.array(event, { minLength: 1, maxLength: 6 }),
        (type, parts) => {
          // As the line has them: JSON knows no -0.
          const events: Event[] = parts.map((part) => JSON.parse(JSON.stringify({ ...base, ...part, type })));
          const expected = events.map(builtInMeasuresOf);
          const scanned = scanAll(type, events);
          expect(scanned.map((measures, index) => measures ?? expected[index])).toEqual(expected);
        },
      ),
      { numRuns: 2000 },
    );
  });
});
