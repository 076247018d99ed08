import { createHash } from 'node:crypto';
import { eventLineLayout } from '@streamflow/contracts';
import type { Clock } from '../../../domain/clock.ts';
import { unavailable } from '../../../domain/errors.ts';
import type { Log } from '../../../domain/log.ts';
import { sqlStateOf } from '../../postgres/failures.ts';
import type { Postgres, Statements } from '../../postgres/postgres.ts';
import { type BlockLine, readBlockLines, selectLines } from '../block-lines.ts';
import type { AppendResult, EventBlock } from '../port.ts';
import { setAside, storeFields, storeLines, takeIds } from './append-sql.ts';
import { countConflicts, type Duplicate } from './conflicts.ts';
import { readFields } from './faulty-line.ts';
import type { Partitions } from './partitions.ts';

export interface AppendOptions {
  readonly postgres: Postgres;
  readonly partitions: Partitions;
  readonly clock: Clock;
  readonly log: Log;
}

type Stored = Pick<AppendResult, 'stored' | 'textOnly' | 'setAside'> & {
  readonly duplicates: readonly Duplicate[];
};

const nothing: Stored = { stored: 0, textOnly: 0, setAside: 0, duplicates: [] };

/** `check_violation`, which says here that there is no partition for a row. */
const noPartition = '23514';

/**
 * Appends blocks, one after the other, each in one transaction. A block that PostgreSQL refuses for what is in it is
 * divided until the line at fault is alone; each part is then a transaction of its own.
 */
export function createAppend(options: AppendOptions): (block: EventBlock) => Promise<AppendResult> {
  const { postgres, partitions, clock, log } = options;
  let last: Promise<unknown> = Promise.resolve();

  const append = async (block: EventBlock): Promise<AppendResult> => {
    const { first, repeated } = splitRepeated(readBlockLines(block.lines, block.count));
    const { duplicates, ...stored } = await store(block.lines, first);
    const all = [...duplicates, ...repeated];
    const conflicts = all.length === 0 ? 0 : await countConflicts(postgres, block.lines, all);
    return { ...stored, duplicates: all.length, conflicts };
  };

  /** Stores lines; when a row is at fault, halves until it is alone. */
  const store = async (block: Buffer, lines: readonly BlockLine[]): Promise<Stored> => {
    const [only] = lines;
    if (only === undefined) return nothing;
    try {
      return await storeWhole(block, lines);
    } catch (error) {
      if (!blamesRows(error)) throw refusal(error);
      if (lines.length === 1) return storeFaulty(block.subarray(only.start, only.end - 1), only, error);
      const middle = Math.ceil(lines.length / 2);
      const left = await store(block, lines.slice(0, middle));
      const right = await store(block, lines.slice(middle));
      return {
        stored: left.stored + right.stored,
        textOnly: left.textOnly + right.textOnly,
        setAside: left.setAside + right.setAside,
        duplicates: [...left.duplicates, ...right.duplicates],
      };
    }
  };

  const storeWhole = (block: Buffer, lines: readonly BlockLine[]): Promise<Stored> =>
    inPartitions(block, lines, async (statements) => {
      const known = await takeLines(statements, block, lines);
      const fresh = known.size === 0 ? lines : lines.filter((_, i) => !known.has(i + 1));
      // Bytes are taken as they are for a text.
      const text = selectLines(block, fresh).subarray(0, -1);
      return fresh.length === 0
        ? outcome(lines, known, null)
        : outcome(lines, known, await statements.query(storeLines, [text, fresh.length]));
    });

  /** Makes the partitions first. When retention drops one in between, it is made again. */
  const inPartitions = async <T>(
    block: Buffer,
    lines: readonly BlockLine[],
    work: (statements: Statements) => Promise<T>,
  ): Promise<T> => {
    await partitions.ensure(daysOf(block, lines));
    try {
      return await postgres.transaction(work);
    } catch (error) {
      if (sqlStateOf(error) !== noPartition) throw error;
      partitions.forget();
      await partitions.ensure(daysOf(block, lines));
      return postgres.transaction(work);
    }
  };

  /**
   * A line that PostgreSQL refused: its fields are given one by one, without the properties if they are at fault; when
   * that does not go either it is kept for a person to look at.
   */
  const storeFaulty = async (line: Buffer, position: BlockLine, fault: Error): Promise<Stored> => {
    const alone = { ...position, start: 0, end: line.length };
    for (const [attempt, fields] of readFields(line).entries()) {
      try {
        const result = await inPartitions(line, [alone], async (statements) => {
          const known = await takeLines(statements, line, [alone]);
          const stored = known.size > 0 ? null : await statements.query(storeFields, fields);
          return outcome([position], known, stored);
        });
        log.warning('Stored an event that PostgreSQL did not read by itself', { reason: fault.message });
        return { ...result, textOnly: attempt === 0 ? 0 : result.stored };
      } catch (error) {
        if (!blamesRows(error)) throw refusal(error);
      }
    }
    const digest = createHash('sha256').update(line).digest();
    // A text of PostgreSQL cannot hold NUL, which no line of JSON holds either.
    const text = line.toString().replaceAll('\0', '\ufffd');
    await postgres.query(setAside, [new Date(clock.now()).toISOString(), fault.message, text, digest]);
    log.error('Set an unreadable event line aside', { reason: fault.message });
    return { ...nothing, setAside: 1 };
  };

  return (block) => {
    const turn = last.then(() => append(block));
    last = turn.catch(() => undefined);
    return turn;
  };
}

/** Takes the ids of the lines; gives the numbers, from 1, of those that were taken before. */
async function takeLines(
  statements: Statements,
  block: Buffer,
  lines: readonly BlockLine[],
): Promise<ReadonlySet<number>> {
  const { rows } = await statements.query(takeIds, [
    lines.map(({ project }) => project),
    lines.map(({ id }) => id),
    lines.map((line) => timestampOf(block, line, eventLineLayout.timestamp.end)),
  ]);
  return new Set(numbersOf(rows[0]?.known));
}

/** Beyond the horizon, an event may be there although its id was free. */
function outcome(
  lines: readonly BlockLine[],
  known: ReadonlySet<number>,
  result: Awaited<ReturnType<Statements['query']>> | null,
): Stored {
  const row = result?.rows[0];
  const stored = Number(row?.stored ?? 0);
  if (stored === lines.length) return { ...nothing, stored };
  const ids = Array.isArray(row?.ids) ? new Set(row.ids.map(String)) : null;
  const fresh = lines.filter((_, i) => !known.has(i + 1));
  const present =
    stored === fresh.length ? [] : fresh.filter(({ id }) => ids === null || !ids.has(id.toLowerCase()));
  const duplicates = [...lines.filter((_, i) => known.has(i + 1)), ...present];
  return { ...nothing, stored, duplicates: duplicates.map((line) => ({ line, twin: null })) };
}

/** Parts the lines whose id stands earlier in the block from the others. */
function splitRepeated(lines: readonly BlockLine[]): {
  first: readonly BlockLine[];
  repeated: readonly Duplicate[];
} {
  const seen = new Map<string, Map<string, BlockLine>>();
  const first: BlockLine[] = [];
  const repeated: Duplicate[] = [];
  for (const line of lines) {
    let inProject = seen.get(line.project);
    if (inProject === undefined) {
      inProject = new Map();
      seen.set(line.project, inProject);
    }
    const twin = inProject.get(line.id);
    if (twin !== undefined) {
      repeated.push({ line, twin });
      continue;
    }
    inProject.set(line.id, line);
    first.push(line);
  }
  return { first, repeated };
}

const dayLength = 'YYYY-MM-DD'.length;

function daysOf(block: Buffer, lines: readonly BlockLine[]): Set<string> {
  const end = eventLineLayout.timestamp.start + dayLength;
  return new Set(lines.map((line) => timestampOf(block, line, end)));
}

function timestampOf(block: Buffer, line: BlockLine, end: number): string {
  return block.toString('latin1', line.start + eventLineLayout.timestamp.start, line.start + end);
}

function numbersOf(value: unknown): number[] {
  return Array.isArray(value) ? value.map(Number) : [];
}

/**
 * Classes of SQLSTATE that blame the rows and not the moment: 22 data exception, 23 integrity (a missing field), 54
 * limits (a key that is too long for an index, nesting).
 */
function blamesRows(error: unknown): error is Error {
  const state = sqlStateOf(error);
  return error instanceof Error && state !== null && /^(22|23|54)/.test(state);
}

/** Any other refusal is a mistake of the program or of the schema: the block is not at fault. */
function refusal(error: unknown): unknown {
  return sqlStateOf(error) === null ? error : unavailable('The event store refused a block', 1, error);
}
