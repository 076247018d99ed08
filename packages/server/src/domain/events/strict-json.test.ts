import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { StreamFlowError } from '../errors.ts';
import { parseJson } from './strict-json.ts';

const parse = (text: string | Buffer, maxDepth = 32): unknown => parseJson(Buffer.from(text), { maxDepth });

function refusal(text: string | Buffer, maxDepth = 32): StreamFlowError {
  try {
    parse(text, maxDepth);
  } catch (error) {
    if (error instanceof StreamFlowError) return error;
    throw error;
  }
  throw new Error(`accepted: ${String(text).slice(0, 100)}`);
}

const fields = (error: StreamFlowError): readonly string[] =>
  (error.details.issues ?? []).map(({ field }) => field);

describe('strict JSON', () => {
  it.each([
    '',
    '{',
    '{"a":}',
    "{'a':1}",
    '{"a":01}',
    '{"a":"\u0000"}',
    '[1,]',
    'NaN',
    '{"a":1}x',
    '\u00a0{}',
  ])('answers 400 for %j, which is not JSON', (text) => {
    expect(refusal(text).code).toBe('BadRequest');
  });

  it('answers 400 for bytes that are not UTF-8', () => {
    for (const bytes of [[0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf5, 0x80, 0x80, 0x80], [0xe2, 0x82]]) {
      const body = Buffer.concat([Buffer.from('{"a":"'), Buffer.from(bytes), Buffer.from('"}')]);
      expect(refusal(body).code).toBe('BadRequest');
    }
  });

  it('takes U+FFFD that was sent as itself, and passes over a byte order mark', () => {
    expect(parse('{"a":"\ufffd"}')).toEqual({ a: '\ufffd' });
    expect(parse('\ufeff{"a":"\ufeff"}')).toEqual({ a: '\ufeff' });
  });

  it.each([
    ['{"__proto__":1}', '__proto__'],
    ['{"data":{"\\u005f_proto__":{"x":1}}}', 'data.__proto__'],
    ['{"data":[0,{"constructor":{}}]}', 'data.1.constructor'],
    ['{"data":{"a b":{"proto\\u0074ype":null}}}', 'data."a b".prototype'],
    ['{"a":{"c\\u006fnstructo\\u0072":1}}', 'a.constructor'],
    ['{"data":{"a":"x\\u0000y"}}', 'data.a'],
    ['{"data":{"a\\u0000":1}}', 'data."a\\u0000"'],
    ['{"a":{"b":["\\ud800"]}}', 'a.b.0'],
    ['{"a":"\\uDC00\\uD800"}', 'a'],
    ['{"a":[1,2,1e400]}', 'a.2'],
    ['{"a":-1E+0400}', 'a'],
    ['{"a":1e-400}', 'a'],
    [`{"a":${'9'.repeat(310)}.5}`, 'a'],
    [`{"a":0.${'0'.repeat(400)}1}`, 'a'],
    ['{"a":9007199254740993}', 'a'],
    ['{"a":-9007199254740993}', 'a'],
    ['{"a":{"b":12345678901234567890}}', 'a.b'],
    ['{"a":{},"b":[[],{"c":"\\"]}"}],"d":[{},1e999]}', 'd.1'],
  ])('answers 422 for %s and names %s', (text, field) => {
    const error = refusal(text);
    expect(error.code).toBe('ValidationError');
    expect(error.details.field).toBe(field);
  });

  it('names every defect, the first at the top', () => {
    const error = refusal('{"a":1e400,"b":{"__proto__":{"c":"\\u0000"}},"d":["\\ud800",1e400]}');
    expect(fields(error)).toEqual(['a', 'b.__proto__', 'b.__proto__.c', 'd.0', 'd.1']);
    expect(error.details.field).toBe('a');
  });

  it('reports a bounded number of defects', () => {
    expect(fields(refusal(`[${'1e400,'.repeat(5000)}1]`))).toHaveLength(100);
  });

  it.each([
    '9007199254740992',
    '-9007199254740992',
    '1e300',
    '1E2',
    '1e21',
    '0.1',
    '0e999',
    '-0.0e-500',
    '5e-324',
    '1.7976931348623157e308',
    '0.1234567890123456789',
    '"9007199254740993"',
    '"1e400"',
    '"1e400,"',
    '"\\\\u0000"',
    '"\\ud83d\\ude00"',
    '["__proto__","constructor","prototype"]',
    '{"proto":1,"a__proto__":2,"prototype_":3}',
    '{"a":"}{][,"}',
  ])('takes %s', (text) => {
    expect(parse(text)).toEqual(JSON.parse(text));
  });

  it.each(['1e20', '-9.5e18', '12345678901234567.5', '{"a":1E+16}'])(
    'refuses %s, which would be given out as an integer literal that is refused',
    (text) => {
      expect(refusal(text).code).toBe('ValidationError');
    },
  );

  it('counts levels of lists and objects', () => {
    expect(parse('[[{"a":[]}]]', 4)).toEqual([[{ a: [] }]]);
    const error = refusal('[[{"a":[]}],[],[[[[]]],1e400]]', 3);
    expect(fields(error)).toEqual(['0.0.a', '2.0.0', '2.1']);
  });

  it('refuses two million nested lists without overflowing the stack', () => {
    const levels = 2_000_000;
    expect(refusal('['.repeat(levels)).code).toBe('BadRequest');
    const error = refusal(`${'['.repeat(levels)}${']'.repeat(levels)}`);
    expect(error.code).toBe('ValidationError');
    expect(error.details.issues).toHaveLength(1);
  });

  it('of a repeated key takes the last value', () => {
    expect(parse('{"a":1,"a":2}')).toEqual({ a: 2 });
  });

  it('takes every JSON value that can be held, in any spelling', () => {
    fc.assert(
      fc.property(holdable, fc.boolean(), (value, escaped) => {
        const text = JSON.stringify(value);
        expect(parse(escaped ? escapeAll(text) : text)).toEqual(JSON.parse(text));
      }),
      { numRuns: 500 },
    );
  });

  it('finds one hostile value wherever it is planted', () => {
    const hostile = fc.constantFrom(
      '1e400',
      '-12345678901234567890',
      '"\\u0000"',
      '"x\\udfff"',
      '{"__proto__":0}',
    );
    fc.assert(
      fc.property(
        holdable,
        fc.array(fc.oneof(fc.nat(3), keyName), { maxLength: 6 }),
        hostile,
        (value, path, bad) => {
          let text: string = bad;
          for (const step of path.toReversed()) {
            const other = JSON.stringify(value);
            text =
              typeof step === 'number'
                ? `[ ${`${other} , `.repeat(step)}${text},${other}]`
                : `{${JSON.stringify(`_${step}`)}:${other},${JSON.stringify(step)} :\n${text}}`;
          }
          const error = refusal(text, 100);
          const planted = bad.startsWith('{') ? [...path, '__proto__'] : path;
          expect(fields(error)).toEqual([planted.join('.')]);
        },
      ),
      { numRuns: 300 },
    );
  });
});

const keyName = fc.stringMatching(/^[a-z]{1,8}$/);
const reserved = new Set(['__proto__', 'constructor', 'prototype']);
const text = fc
  .string({ unit: 'binary', maxLength: 12 })
  .filter((value) => !value.includes('\0') && value.isWellFormed());
const holdable = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.oneof(
      fc.constant(null),
      fc.boolean(),
      fc.maxSafeInteger(),
      fc
        .double({ noNaN: true, noDefaultInfinity: true })
        .filter((number) => Math.abs(number) <= 2 ** 53 || Math.abs(number) >= 1e21),
      text,
    ),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(
      text.filter((key) => !reserved.has(key)),
      tie('value'),
      { maxKeys: 4 },
    ),
  ),
})).value;

/** Writes every letter, and everything outside ASCII, inside strings as an escape. */
function escapeAll(json: string): string {
  return json.replace(/"(?:[^"\\]|\\.)*"/g, (string) =>
    string.replace(/\\u.{4}|\\.|[^\\"]/gs, (part) =>
      part.startsWith('\\') ? part : `\\u${part.charCodeAt(0).toString(16).padStart(4, '0')}`,
    ),
  );
}
