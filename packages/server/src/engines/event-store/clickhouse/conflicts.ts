import type { BlockLine } from '../block-lines.ts';
import { eventContent, lineContent } from '../event-content.ts';
import { eventColumns, readEventRow } from './event-row.ts';
import { rowsWithIds } from './id-list-sql.ts';
import type { Statements } from './statements.ts';

export interface Duplicate {
  readonly line: BlockLine;
  /** The line of the same block that was stored instead; null when the event was stored before. */
  readonly twin: BlockLine | null;
}

const batch = 5000;
/** How many duplicates differ from what is stored in anything but the time of receipt. */
export async function countConflicts(
  statements: Statements,
  block: Buffer,
  duplicates: readonly Duplicate[],
): Promise<number> {
  const contentOf = (line: BlockLine): string => lineContent(block.subarray(line.start, line.end));
  let conflicts = 0;
  const stored: Duplicate[] = [];
  for (const duplicate of duplicates) {
    if (duplicate.twin === null) stored.push(duplicate);
    else if (contentOf(duplicate.line) !== contentOf(duplicate.twin)) conflicts += 1;
  }
  for (let start = 0; start < stored.length; start += batch) {
    const part = stored.slice(start, start + batch);
    const contents = await storedContents(statements, part);
    for (const { line } of part) {
      if (contents.get(`${line.id} ${line.project}`) !== contentOf(line)) conflicts += 1;
    }
  }
  return conflicts;
}

async function storedContents(
  statements: Statements,
  duplicates: readonly Duplicate[],
): Promise<Map<string, string>> {
  const ids = [...new Set(duplicates.map(({ line }) => line.id))];
  const rows = await rowsWithIds(statements, `project, ${eventColumns}`, ids);
  return new Map(
    rows.map((row) => [`${row.event_id} ${row.project}`, eventContent({ ...readEventRow(row) })]),
  );
}
