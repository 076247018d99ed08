import type { Clock } from '../../../domain/clock.ts';
import { unavailable } from '../../../domain/errors.ts';
import type { Log } from '../../../domain/log.ts';
import type { AppendResult, EventBlock } from '../port.ts';
import { type BlockLine, readBlockLines, selectLines } from '../block-lines.ts';
import { countConflicts, type Duplicate } from './conflicts.ts';
import { storeFaultyLine } from './faulty-lines.ts';
import { blamesRows, insertEvents, insertLines } from './insert-lines.ts';
import { findKnownIds, type KnownIds } from './known-ids.ts';
import { StatementError, type Statements } from './statements.ts';

export interface AppendOptions {
  readonly statements: Statements;
  readonly clock: Clock;
  readonly log: Log;
}

// As many failed blocks as the engine remembers tokens of blocks.
const rememberedFailures = 1000;

/** Appends blocks, one after the other. */
export function createAppend({
  statements,
  clock,
  log,
}: AppendOptions): (block: EventBlock) => Promise<AppendResult> {
  let last: Promise<unknown> = Promise.resolve();
  const failed = new Set<string>();

  const append = async (block: EventBlock): Promise<AppendResult> => {
    const lines = readBlockLines(block.lines, block.count);
    const first = lines[0];
    if (first === undefined) return { stored: 0, duplicates: 0, conflicts: 0 };
    // Whether a block that failed was stored after all is found out when it comes again.
    const name = `${first.id} ${block.lines.length}`;
    try {
      const result =
        block.mayBeKnown || failed.has(name)
          ? await appendKnown(block.lines, lines)
          : await appendNew(block.lines, lines);
      failed.delete(name);
      return result;
    } catch (error) {
      failed.add(name);
      for (const oldest of failed) {
        if (failed.size <= rememberedFailures) break;
        failed.delete(oldest);
      }
      if (error instanceof StatementError) throw unavailable('The event store refused a block', 1, error);
      throw error;
    }
  };

  const appendNew = async (block: Buffer, lines: readonly BlockLine[]): Promise<AppendResult> => {
    await insert(block, lines);
    return { stored: lines.length, duplicates: 0, conflicts: 0 };
  };

  const appendKnown = async (block: Buffer, lines: readonly BlockLine[]): Promise<AppendResult> => {
    const { fresh, duplicates } = split(lines, await findKnownIds(statements, lines));
    await insert(block, fresh);
    const conflicts = await countConflicts(statements, block, duplicates);
    return { stored: fresh.length, duplicates: duplicates.length, conflicts };
  };

  /** Inserts lines; when a row is at fault, halves until it is alone. */
  const insert = async (block: Buffer, lines: readonly BlockLine[]): Promise<void> => {
    const [only] = lines;
    if (only === undefined) return;
    try {
      await insertLines(statements, insertEvents, selectLines(block, lines));
    } catch (error) {
      if (!blamesRows(error)) throw error;
      if (lines.length === 1) {
        await storeFaultyLine({ statements, clock, log }, block.subarray(only.start, only.end), error);
        return;
      }
      const middle = Math.ceil(lines.length / 2);
      await insert(block, lines.slice(0, middle));
      await insert(block, lines.slice(middle));
    }
  };

  return (block) => {
    const turn = last.then(() => append(block));
    last = turn.catch(() => undefined);
    return turn;
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
