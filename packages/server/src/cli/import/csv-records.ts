import { isUtf8 } from 'node:buffer';
import { once } from 'node:events';
import { parse } from 'csv-parse';
import { isObject, type Problem, type RecordReader, type SourceRecord } from './record.ts';

const maxRecordBytes = 16 * 1024 * 1024;
/** Digits that a double holds whatever they are; a longer number stays text. */
const maxDigits = 15;
const jsonNumber = /^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]{1,2})?$/;

/** What a cell says: numbers as JSON writes them, `true` and `false`; any other text is text. */
export function typedCell(text: string): unknown {
  if (text === 'true') return true;
  if (text === 'false') return false;
  if (!jsonNumber.test(text)) return text;
  const digits = text
    .replace(/[eE].*$/, '')
    .replace(/[-.]/g, '')
    .replace(/^0+/, '');
  return digits.length > maxDigits ? text : Number(text);
}

export interface CsvOptions {
  readonly delimiter: string;
  /** Whether cells stay text even where they read as numbers or booleans. */
  readonly text: boolean;
}

/**
 * Reads CSV (RFC 4180) with a header. Empty cells are fields that the record does not have. A row with too many or too
 * few cells is a problem of its own; a quote that is never closed is one for the rest of the file.
 */
export function createCsvReader({ delimiter, text }: CsvOptions): RecordReader {
  return async function* readCsvRecords(chunks) {
    let records: SourceRecord[] = [];
    let problems: Problem[] = [];
    let header: readonly string[] | undefined;
    let headerProblem: string | undefined;
    let ordinal = 0;
    let lastLine = 0;

    const parser = parse({
      delimiter,
      bom: true,
      info: true,
      relax_column_count: true,
      // A stray quote is text; read strictly, it would swallow the rows after it.
      relax_quotes: true,
      skip_empty_lines: true,
      skip_records_with_error: true,
      max_record_size: maxRecordBytes,
      on_skip(error) {
        ordinal += 1;
        problems.push({ line: lastLine + 1, reason: error?.message ?? 'cannot be read as CSV' });
        return undefined;
      },
    });

    const take = (row: readonly string[], lines: number): void => {
      const line = lastLine + 1;
      lastLine = lines;
      if (header === undefined) {
        header = row;
        headerProblem = wrongHeader(row);
        return;
      }
      ordinal += 1;
      if (row.length !== header.length) {
        problems.push({ line, reason: `${row.length} cells where the header has ${header.length}` });
        return;
      }
      const value: Record<string, unknown> = {};
      for (const [index, cell] of row.entries()) {
        const name = header[index];
        if (name !== undefined && cell !== '') value[name] = text ? cell : typedCell(cell);
      }
      records.push({ ordinal, line, text: JSON.stringify(row), value, isJson: false });
    };
    parser.on('data', (parsed: unknown) => {
      if (!isObject(parsed) || !Array.isArray(parsed.record) || !isObject(parsed.info)) return;
      take(parsed.record.map(String), Number(parsed.info.lines));
    });
    const ended = once(parser, 'end');
    const harvest = () => {
      const chunk = { records, problems };
      records = [];
      problems = [];
      return chunk;
    };

    for await (const chunk of chunks) {
      await new Promise<void>((resolve, reject) =>
        parser.write(chunk, (error) => (error ? reject(error) : resolve())),
      );
      if (headerProblem !== undefined) {
        parser.destroy();
        yield { records: [], problems: [{ line: 1, reason: headerProblem }] };
        return;
      }
      yield harvest();
    }
    parser.end();
    await ended;
    yield headerProblem === undefined
      ? harvest()
      : { records: [], problems: [{ line: 1, reason: headerProblem }] };
  };
}

function wrongHeader(names: readonly string[]): string | undefined {
  const reserved = names.find((name) => ['__proto__', 'constructor', 'prototype'].includes(name));
  if (reserved !== undefined) return `the header has a column ${reserved}, a name that is not allowed`;
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) return `the header has two columns ${JSON.stringify(twice)}`;
  if (!names.every((name) => isUtf8(Buffer.from(name)) && !name.includes('\ufffd')))
    return 'the header is not valid UTF-8';
  return undefined;
}
