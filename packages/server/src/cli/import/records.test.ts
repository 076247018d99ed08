import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createCsvReader, typedCell } from './csv-records.ts';
import { readJsonListRecords, readNdjsonRecords } from './json-records.ts';
import type { Problem, RecordReader, SourceRecord } from './record.ts';

/** Reads the text in chunks of so many bytes. */
async function read(reader: RecordReader, content: string | Buffer, chunkBytes = 1 << 20) {
  const bytes = Buffer.from(content);
  const chunks = async function* () {
    for (let at = 0; at < bytes.length; at += chunkBytes) yield bytes.subarray(at, at + chunkBytes);
  };
  const records: SourceRecord[] = [];
  const problems: Problem[] = [];
  for await (const chunk of reader(chunks())) {
    records.push(...chunk.records);
    problems.push(...chunk.problems);
  }
  return {
    records,
    problems,
    values: records.map(({ value }) => value),
    lines: records.map(({ line }) => line),
  };
}

const csv = createCsvReader({ delimiter: ',', text: false });
const anyRecords = fc.array(fc.dictionary(fc.string(), fc.jsonValue()), { maxLength: 8 });

describe('NDJSON', () => {
  it('gives the same records however the bytes are cut', async () => {
    await fc.assert(
      fc.asyncProperty(anyRecords, fc.integer({ min: 1, max: 40 }), async (records, chunkBytes) => {
        const text = records.map((record) => JSON.stringify(record)).join('\n');
        const { values, problems } = await read(readNdjsonRecords, text, chunkBytes);
        expect(JSON.stringify(values)).toBe(
          JSON.stringify(records.map((r) => JSON.parse(JSON.stringify(r)))),
        );
        expect(problems).toEqual([]);
      }),
    );
  });

  it('passes over blank lines, carriage returns and a byte order mark, and numbers lines as an editor does', async () => {
    const { values, lines, records } = await read(
      readNdjsonRecords,
      '\ufeff{"a":1}\r\n\r\n{"a":2}\n  \n{"a":3}',
      3,
    );
    expect(values).toEqual([{ a: 1 }, { a: 2 }, { a: 3 }]);
    expect(lines).toEqual([1, 3, 5]);
    expect(records.map(({ ordinal }) => ordinal)).toEqual([1, 2, 3]);
    expect(records[0]?.text).toBe('{"a":1}');
  });

  it('tells bad lines by their number and reads on', async () => {
    const content = Buffer.concat([
      Buffer.from('{"a":1}\n{"a":\n[1]\n"x"\n'),
      Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x7d, 0x0a]),
      Buffer.from('{"a":2}\n'),
    ]);
    const { values, problems } = await read(readNdjsonRecords, content);
    expect(values).toEqual([{ a: 1 }, { a: 2 }]);
    expect(problems.map(({ line }) => line)).toEqual([2, 3, 4, 5]);
    expect(problems.at(-1)?.reason).toBe('not valid UTF-8');
  });

  it('passes over a line without an end instead of filling the memory', async () => {
    const { values, problems } = await read(
      readNdjsonRecords,
      `{"a":1}\n{"b":"${'x'.repeat(17 * 1024 * 1024)}"}\n{"a":2}\n`,
    );
    expect(values).toEqual([{ a: 1 }, { a: 2 }]);
    expect(problems).toMatchObject([{ line: 2 }]);
  });
});

describe('JSON lists', () => {
  it('gives the same records however they are printed and cut', async () => {
    await fc.assert(
      fc.asyncProperty(
        anyRecords,
        fc.integer({ min: 1, max: 40 }),
        fc.constantFrom(undefined, 2, '\t'),
        async (records, chunkBytes, indent) => {
          const text = JSON.stringify(records, null, indent);
          const { values, problems } = await read(readJsonListRecords, text, chunkBytes);
          expect(JSON.stringify(values)).toBe(JSON.stringify(JSON.parse(text)));
          expect(problems).toEqual([]);
        },
      ),
    );
  });

  it('reads pretty-printed objects that follow one another, with the lines where they start', async () => {
    const { values, lines } = await read(readJsonListRecords, '{\n "a": 1\n}\n{\n "a": "}{"\n}\n', 1);
    expect(values).toEqual([{ a: 1 }, { a: '}{' }]);
    expect(lines).toEqual([1, 4]);
  });

  it('stops at what is neither list nor object, and keeps what it read', async () => {
    const { values, problems } = await read(readJsonListRecords, '[{"a":1},\n7,{"a":2}]');
    expect(values).toEqual([{ a: 1 }]);
    expect(problems).toMatchObject([{ line: 2, reason: expect.stringContaining('"7"') }]);
  });

  it.each(['[{"a":1}', '[{"a":1},{"a"'])('says when the file is cut off: %s', async (text) => {
    const { values, problems } = await read(readJsonListRecords, text);
    expect(values).toEqual([{ a: 1 }]);
    expect(problems).toHaveLength(1);
  });
});

describe('CSV', () => {
  it('reads quotes, delimiters and line feeds within cells, however the bytes are cut', async () => {
    const text = '\ufeffname,note,n\r\n"a ""b"", c","line 1\nline 2",1\r\nd,,2\r\n\r\ne,f,3';
    for (const chunkBytes of [1, 7, 1000]) {
      const { values, lines, problems } = await read(csv, text, chunkBytes);
      expect(values).toEqual([
        { name: 'a "b", c', note: 'line 1\nline 2', n: 1 },
        { name: 'd', n: 2 },
        { name: 'e', note: 'f', n: 3 },
      ]);
      expect(lines).toEqual([2, 4, 5]);
      expect(problems).toEqual([]);
    }
  });

  it('tells rows with too many or too few cells, and a quote that stays open, and reads on', async () => {
    const { values, problems } = await read(csv, 'a,b\n1,2\n3\n4,5,6\n7,x"y"\n8,9\n"10,11\n12,13\n');
    expect(values).toEqual([
      { a: 1, b: 2 },
      { a: 7, b: 'x"y"' },
      { a: 8, b: 9 },
    ]);
    expect(problems.map(({ line }) => line)).toEqual([3, 4, 7]);
  });

  it.each(['a,a\n1,2\n', '__proto__,b\n1,2\n'])('refuses a header that cannot be fields', async (text) => {
    const { records, problems } = await read(csv, text);
    expect(records).toEqual([]);
    expect(problems).toMatchObject([{ line: 1 }]);
  });

  it.each([
    ['36', 36],
    ['-0.5', -0.5],
    ['36.50', 36.5],
    ['1e3', 1000],
    ['true', true],
    ['01234', '01234'],
    ['1_000', '1_000'],
    ['12345678901234567890', '12345678901234567890'],
    ['0.1234567890123456', '0.1234567890123456'],
    ['NaN', 'NaN'],
    ['1e999', '1e999'],
    ['', ''],
  ])('takes the cell %j for %j', (text, value) => {
    expect(typedCell(text)).toBe(value);
  });

  it('keeps cells as text when asked to', async () => {
    const { values } = await read(createCsvReader({ delimiter: ';', text: true }), 'a;b\n1;true\n');
    expect(values).toEqual([{ a: '1', b: 'true' }]);
  });
});
