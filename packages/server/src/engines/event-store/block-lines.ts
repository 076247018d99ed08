import { eventLineLayout } from '@streamflow/contracts';
import { UnstorableBlockError } from './port.ts';

const lineFeed = 0x0a;
const quote = 0x22;
const backslash = 0x5c;
// The project stands right behind the time of receipt: …Z","project":"
const projectStart = eventLineLayout.receivedAt.end + '","project":'.length;
const shortestLine = projectStart + '""'.length;

/** One line of a block, by position. */
export interface BlockLine {
  readonly start: number;
  /** Behind the line feed. */
  readonly end: number;
  readonly id: string;
  readonly project: string;
}

/** Finds the lines of a block and what identifies each, without parsing them. */
export function readBlockLines(block: Buffer, count: number): BlockLine[] {
  const lines: BlockLine[] = [];
  const readProject = projectReader();
  for (let start = 0; start < block.length; ) {
    const end = block.indexOf(lineFeed, start) + 1;
    if (end === 0) throw new UnstorableBlockError('The last line of the block has no end');
    if (end - start <= shortestLine)
      throw new UnstorableBlockError(`Line ${lines.length + 1} is no event line`);
    const id = block.toString('latin1', start + eventLineLayout.id.start, start + eventLineLayout.id.end);
    lines.push({ start, end, id, project: readProject(block, start, end) });
    start = end;
  }
  if (lines.length !== count) {
    throw new UnstorableBlockError(`The block has ${lines.length} lines and claims ${count}`);
  }
  return lines;
}

/** Reads projects; lines that follow each other mostly have the same one. */
function projectReader(): (block: Buffer, start: number, end: number) => string {
  let lastBytes: Buffer = Buffer.alloc(0);
  let last = '';
  return (block, start, end) => {
    const from = start + projectStart;
    if (
      lastBytes.length > 0 &&
      from + lastBytes.length <= end &&
      block.compare(lastBytes, 0, lastBytes.length, from, from + lastBytes.length) === 0
    ) {
      return last;
    }
    let to = from + 1;
    while (to < end && block[to] !== quote) to += block[to] === backslash ? 2 : 1;
    lastBytes = Buffer.from(block.subarray(from, to + 1));
    last = readString(lastBytes);
    return last;
  };
}

function readString(json: Buffer): string {
  try {
    const value: unknown = JSON.parse(json.toString());
    if (typeof value === 'string') return value;
  } catch {
    // Told below: it is not JSON.
  }
  throw new UnstorableBlockError('A line has no project where it belongs');
}

/** The given lines of a block, together. */
export function selectLines(block: Buffer, lines: readonly BlockLine[]): Buffer {
  const first = lines[0];
  const last = lines.at(-1);
  if (first === undefined || last === undefined) return Buffer.alloc(0);
  const length = lines.reduce((sum, line) => sum + line.end - line.start, 0);
  if (last.end - first.start === length) return block.subarray(first.start, last.end);
  return Buffer.concat(lines.map((line) => block.subarray(line.start, line.end)));
}
