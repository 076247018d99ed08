import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { createCsvReader } from './csv-records.ts';
import { readJsonListRecords, readNdjsonRecords } from './json-records.ts';
import type { RecordReader } from './record.ts';

export const importFormats = ['ndjson', 'json', 'csv', 'tsv'] as const;
export type ImportFormat = (typeof importFormats)[number];

export interface InputOptions {
  /** Found by the name of the file and its first bytes unless given. */
  readonly format: ImportFormat | undefined;
  /** Delimiter of CSV; found by the header unless given. */
  readonly delimiter: string | undefined;
  /** Whether cells of CSV stay text. */
  readonly csvText: boolean;
}

export interface Input {
  /** Bytes of the file on disk; undefined for standard input. */
  readonly size: number | undefined;
  /** Bytes of the file that were read so far. */
  bytesRead(): number;
  readonly format: ImportFormat;
  readonly reader: RecordReader;
  /** The content, decompressed. */
  readonly content: AsyncIterable<Buffer>;
}

const chunkBytes = 512 * 1024;
const isGzip = (head: Buffer): boolean => head[0] === 0x1f && head[1] === 0x8b;

/** Opens a file, or standard input for `-`. Rejects when it cannot be read. */
export async function openInput(file: string, stdin: Readable, options: InputOptions): Promise<Input> {
  const size = file === '-' ? undefined : (await stat(file)).size;
  const raw = file === '-' ? stdin : createReadStream(file, { highWaterMark: chunkBytes });
  let read = 0;
  const counted = (async function* (): AsyncGenerator<Buffer> {
    for await (const chunk of raw) {
      read += chunk.length;
      yield chunk;
    }
  })();
  const [head, stored] = await peek(counted, 2);
  const [start, content] = await peek(isGzip(head) ? gunzip(stored) : stored, 4096);
  const format = options.format ?? formatByName(file) ?? formatByContent(start);
  return {
    size,
    bytesRead: () => read,
    format,
    reader: readerOf(format, start, options),
    content,
  };
}

/** The first bytes, at least so many unless there are fewer, and everything with them in front. */
async function peek(
  chunks: AsyncGenerator<Buffer>,
  atLeast: number,
): Promise<[head: Buffer, all: AsyncGenerator<Buffer>]> {
  const taken: Buffer[] = [];
  let bytes = 0;
  while (bytes < atLeast) {
    const next = await chunks.next();
    if (next.done === true) break;
    taken.push(next.value);
    bytes += next.value.length;
  }
  const head = Buffer.concat(taken);
  const all = async function* (): AsyncGenerator<Buffer> {
    yield head;
    yield* chunks;
  };
  return [head, all()];
}

async function* gunzip(chunks: AsyncGenerator<Buffer>): AsyncGenerator<Buffer> {
  const unzipped = createGunzip({ chunkSize: chunkBytes });
  // An error of either side ends `unzipped` with it, which the loop below throws.
  pipeline(chunks, unzipped, () => {});
  for await (const chunk of unzipped) yield chunk;
}

function formatByName(file: string): ImportFormat | undefined {
  const [, extension] = /\.([a-z]+)(?:\.gz)?$/i.exec(file) ?? [];
  switch (extension?.toLowerCase()) {
    case 'ndjson':
    case 'jsonl':
      return 'ndjson';
    case 'csv':
      return 'csv';
    case 'tsv':
      return 'tsv';
    default:
      // .json is used for lists as well as for lines.
      return undefined;
  }
}

function formatByContent(head: Buffer): ImportFormat {
  const text = head
    .toString('utf8')
    .replace(/^\ufeff/, '')
    .trimStart();
  if (text.startsWith('[')) return 'json';
  if (!text.startsWith('{')) return 'csv';
  // An object that ends where its first line ends is a line; one that goes on is pretty-printed.
  const [firstLine = ''] = text.split('\n', 1);
  return firstLine.trimEnd().endsWith('}') || firstLine.length === text.length ? 'ndjson' : 'json';
}

function readerOf(format: ImportFormat, head: Buffer, { delimiter, csvText }: InputOptions): RecordReader {
  switch (format) {
    case 'ndjson':
      return readNdjsonRecords;
    case 'json':
      return readJsonListRecords;
    case 'csv':
      return createCsvReader({ delimiter: delimiter ?? likelyDelimiter(head), text: csvText });
    case 'tsv':
      return createCsvReader({ delimiter: delimiter ?? '\t', text: csvText });
  }
}

/** The one of the usual delimiters that the header has most of. */
function likelyDelimiter(head: Buffer): string {
  const [header = ''] = head.toString('utf8').split('\n', 1);
  const count = (delimiter: string): number => header.split(delimiter).length;
  return [',', ';', '\t', '|'].reduce((best, each) => (count(each) > count(best) ? each : best));
}
