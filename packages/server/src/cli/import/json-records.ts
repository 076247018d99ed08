import { isUtf8 } from 'node:buffer';
import { isObject, type Problem, type RecordReader, type SourceRecord } from './record.ts';

/** A record that is larger than this is passed over: a file without line feeds must not fill the memory. */
const maxRecordBytes = 16 * 1024 * 1024;

const lineFeed = 0x0a;
const carriageReturn = 0x0d;
const byteOrderMark = Buffer.from([0xef, 0xbb, 0xbf]);

interface Collector {
  readonly records: SourceRecord[];
  readonly problems: Problem[];
}

/** Adds the record that the bytes are, or what is wrong with them. */
function collect(into: Collector, bytes: Buffer, ordinal: number, line: number): void {
  if (!isUtf8(bytes)) {
    into.problems.push({ line, reason: 'not valid UTF-8' });
    return;
  }
  const text = bytes.toString('utf8');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    into.problems.push({ line, reason: error instanceof Error ? error.message : String(error) });
    return;
  }
  if (isObject(value)) into.records.push({ ordinal, line, text, value, isJson: true });
  else into.problems.push({ line, reason: 'not a JSON object' });
}

const isBlank = (bytes: Buffer): boolean => bytes.every((byte) => byte === 0x20 || byte === 0x09);

/** Reads one JSON object a line. Blank lines are passed over. */
export const readNdjsonRecords: RecordReader = async function* (chunks) {
  let rest: Buffer[] = [];
  let restBytes = 0;
  let tooLong = false;
  let line = 0;
  let ordinal = 0;

  const take = (into: Collector, bytes: Buffer): void => {
    line += 1;
    let content = bytes;
    if (content.at(-1) === carriageReturn) content = content.subarray(0, -1);
    if (line === 1 && content.subarray(0, 3).equals(byteOrderMark)) content = content.subarray(3);
    if (isBlank(content)) return;
    ordinal += 1;
    collect(into, content, ordinal, line);
  };

  for await (const chunk of chunks) {
    const found: Collector = { records: [], problems: [] };
    let from = 0;
    for (let end = chunk.indexOf(lineFeed); end !== -1; end = chunk.indexOf(lineFeed, from)) {
      const part = chunk.subarray(from, end);
      from = end + 1;
      if (tooLong) {
        tooLong = false;
        line += 1;
        ordinal += 1;
        found.problems.push({ line, reason: `longer than ${maxRecordBytes} bytes` });
      } else take(found, rest.length === 0 ? part : Buffer.concat([...rest, part]));
      rest = [];
      restBytes = 0;
    }
    const tail = chunk.subarray(from);
    restBytes += tail.length;
    if (restBytes > maxRecordBytes) {
      tooLong = true;
      rest = [];
    } else if (tail.length > 0) rest.push(tail);
    yield found;
  }
  if (restBytes === 0) return;
  const last: Collector = { records: [], problems: [] };
  if (tooLong) last.problems.push({ line: line + 1, reason: `longer than ${maxRecordBytes} bytes` });
  else take(last, Buffer.concat(rest));
  yield last;
};

const quote = 0x22;
const backslash = 0x5c;
const openBrace = 0x7b;
const closeBrace = 0x7d;
const openBracket = 0x5b;
const closeBracket = 0x5d;
const comma = 0x2c;

const isSpace = (byte: number): boolean => byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;

/**
 * Reads the objects of a JSON list, or objects that follow one another, however they are broken into lines, without
 * holding more than one of them. What is neither ends the reading of the file, since nothing says where the next
 * object begins.
 */
export const readJsonListRecords: RecordReader = async function* (chunks) {
  /** Depth of brackets within the current object; 0 between objects. */
  let depth = 0;
  let inString = false;
  let escaped = false;
  let inList = false;
  let listEnded = false;
  let line = 1;
  let ordinal = 0;
  let startLine = 1;
  let parts: Buffer[] = [];
  let partBytes = 0;
  let position = 0;

  for await (const chunk of chunks) {
    const found: Collector = { records: [], problems: [] };
    let start = depth > 0 ? 0 : -1;
    for (let index = 0; index < chunk.length; index++) {
      const byte = chunk[index] ?? 0;
      if (byte === lineFeed) line += 1;
      if (depth === 0) {
        if (byte === openBrace && !listEnded) {
          depth = 1;
          start = index;
          startLine = line;
        } else if (byte === openBracket && !inList && ordinal === 0) inList = true;
        else if (byte === closeBracket && inList) {
          inList = false;
          listEnded = true;
        } else if (!isSpace(byte) && !(byte === comma && inList) && !(position + index < 3 && byte >= 0xbb)) {
          found.problems.push({
            line,
            reason: `${JSON.stringify(String.fromCharCode(byte))} where an object was expected; the rest of the file was not read`,
          });
          yield found;
          return;
        }
      } else if (inString) {
        if (escaped) escaped = false;
        else if (byte === backslash) escaped = true;
        else if (byte === quote) inString = false;
      } else if (byte === quote) inString = true;
      else if (byte === openBrace || byte === openBracket) depth += 1;
      else if (byte === closeBrace || byte === closeBracket) {
        depth -= 1;
        if (depth > 0) continue;
        ordinal += 1;
        const tail = chunk.subarray(start, index + 1);
        collect(found, parts.length === 0 ? tail : Buffer.concat([...parts, tail]), ordinal, startLine);
        parts = [];
        partBytes = 0;
        start = -1;
      }
    }
    if (start !== -1) {
      const tail = chunk.subarray(start);
      parts.push(tail);
      partBytes += tail.length;
    }
    position += chunk.length;
    if (partBytes > maxRecordBytes) {
      found.problems.push({
        line: startLine,
        reason: `longer than ${maxRecordBytes} bytes; the rest of the file was not read`,
      });
      yield found;
      return;
    }
    yield found;
  }
  if (depth > 0 || inList)
    yield {
      records: [],
      problems: [{ line: startLine, reason: 'the file ends within a list or an object' }],
    };
};
