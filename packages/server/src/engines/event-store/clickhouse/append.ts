import type { Clock } from '../../../domain/clock.ts';
import { unavailable } from '../../../domain/errors.ts';
import type { Log } from '../../../domain/log.ts';
import { type BlockLine, readBlockLines, selectLines } from '../block-lines.ts';
import type { AppendResult, EventBlock } from '../port.ts';
import { compareDuplicates, type Duplicate } from './conflicts.ts';
import { type FaultyLineOutcome, storeFaultyLine } from './faulty-lines.ts';
import { blamesRows, insertEvents, insertLines } from './insert-lines.ts';
import { findKnownIds, type KnownIds } from './known-ids.ts';
import { StatementError, type Statements } from './statements.ts';
import type { WriterLease } from './writer-lease.ts';

export interface AppendOptions {
  readonly statements: Statements;
  readonly clock: Clock;
  readonly log: Log;
  /** Where other processes may write, too; null where this is the only one. */
  readonly lease: WriterLease | null;
}

export interface Appending {
  append(block: EventBlock): Promise<AppendResult>;
  /**
   * Does something while no block is appended, in a turn of this process. What it is given is to be called before each
   * change, and throws when another process may append by now.
   */
  exclusively<T>(name: string, work: (mayChange: () => void) => Promise<T>): Promise<T>;
  /** Whether every block either was stored or was not, as far as is known: nothing may still be on its way. */
  readonly settled: boolean;
}

// As many failed blocks as the engine remembers tokens of blocks.
const rememberedFailures = 1000;

type Inserted = Pick<AppendResult, 'stored' | 'textOnly' | 'setAside'>;

const noDuplicates = { duplicates: 0, conflicts: 0, twins: [] };

const insertedAlone: Readonly<Record<FaultyLineOutcome, Inserted>> = {
  'text only': { stored: 1, textOnly: 1, setAside: 0 },
  'set aside': { stored: 0, textOnly: 0, setAside: 1 },
};

/** Appends blocks, one after the other. */
export function createAppending({ statements, clock, log, lease }: AppendOptions): Appending {
  let last: Promise<unknown> = Promise.resolve();
  const failed = new Set<string>();

  const beginTerm = async (): Promise<() => void> => {
    if (lease === null) return () => {};
    const term = await lease.hold();
    return () => lease.check(term);
  };

  const remember = (name: string): void => {
    failed.add(name);
    for (const oldest of failed) {
      if (failed.size <= rememberedFailures) break;
      failed.delete(oldest);
    }
  };

  const append = async (block: EventBlock): Promise<AppendResult> => {
    const lines = readBlockLines(block.lines, block.count);
    const first = lines[0];
    if (first === undefined) return { stored: 0, textOnly: 0, setAside: 0, ...noDuplicates };
    // Whether a block that failed was stored after all is found out when it comes again.
    const name = `${first.id} ${block.lines.length}`;
    // Each of several inserts: the look-up before them holds for this term alone.
    const mayInsert = await beginTerm();
    try {
      const result =
        block.mayBeKnown || failed.has(name)
          ? await appendKnown(block.lines, lines, mayInsert)
          : await appendNew(block.lines, lines, mayInsert);
      failed.delete(name);
      return result;
    } catch (error) {
      remember(name);
      if (error instanceof StatementError) throw unavailable('The event store refused a block', 1, error);
      throw error;
    }
  };

  const appendNew = async (
    block: Buffer,
    lines: readonly BlockLine[],
    mayInsert: () => void,
  ): Promise<AppendResult> => {
    return { ...(await insert(block, lines, mayInsert)), ...noDuplicates };
  };

  const appendKnown = async (
    block: Buffer,
    lines: readonly BlockLine[],
    mayInsert: () => void,
  ): Promise<AppendResult> => {
    const { fresh, duplicates } = split(lines, await findKnownIds(statements, lines, clock.now()));
    const inserted = await insert(block, fresh, mayInsert);
    const comparison = await compareDuplicates(statements, block, duplicates, clock.now());
    return { ...inserted, duplicates: duplicates.length, ...comparison };
  };

  /** Inserts lines; when a row is at fault, halves until it is alone. */
  const insert = async (
    block: Buffer,
    lines: readonly BlockLine[],
    mayInsert: () => void,
  ): Promise<Inserted> => {
    const [only] = lines;
    if (only === undefined) return { stored: 0, textOnly: 0, setAside: 0 };
    mayInsert();
    try {
      await insertLines(statements, insertEvents, selectLines(block, lines));
      return { stored: lines.length, textOnly: 0, setAside: 0 };
    } catch (error) {
      if (!blamesRows(error)) throw error;
      if (lines.length === 1) {
        const line = block.subarray(only.start, only.end);
        return insertedAlone[await storeFaultyLine({ statements, clock, log }, line, error)];
      }
      const middle = Math.ceil(lines.length / 2);
      const first = await insert(block, lines.slice(0, middle), mayInsert);
      const second = await insert(block, lines.slice(middle), mayInsert);
      return {
        stored: first.stored + second.stored,
        textOnly: first.textOnly + second.textOnly,
        setAside: first.setAside + second.setAside,
      };
    }
  };

  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const turn = last.then(work);
    last = turn.catch(() => undefined);
    return turn;
  };

  return {
    append: (block) => inTurn(() => append(block)),
    exclusively: (name, work) =>
      inTurn(async () => {
        const mayChange = await beginTerm();
        try {
          const result = await work(mayChange);
          failed.delete(name);
          return result;
        } catch (error) {
          remember(name);
          throw error;
        }
      }),
    get settled() {
      return failed.size === 0;
    },
  };
}

/** Parts lines into those to store and those whose id is stored already or stands earlier in the block. */
function split(
  lines: readonly BlockLine[],
  known: KnownIds,
): { fresh: BlockLine[]; duplicates: Duplicate[] } {
  const fresh: BlockLine[] = [];
  const duplicates: Duplicate[] = [];
  const earlier = new Map<string, Map<string, BlockLine>>();
  for (const line of lines) {
    let inProject = earlier.get(line.project);
    if (inProject === undefined) {
      inProject = new Map();
      earlier.set(line.project, inProject);
    }
    const twin = inProject.get(line.id);
    if (known.get(line.project)?.has(line.id) === true) duplicates.push({ line, twin: null });
    else if (twin !== undefined) duplicates.push({ line, twin });
    else {
      inProject.set(line.id, line);
      fresh.push(line);
    }
  }
  return { fresh, duplicates };
}
