import { type BlockLine, receivedAtOf } from '../block-lines.ts';
import { eventContent, lineContent } from '../event-content.ts';
import { readEventRow } from '../event-row.ts';
import type { Twin } from '../port.ts';
import { eventColumns } from './event-row.ts';
import { removedIds, rowsWithIds } from './id-list-sql.ts';
import type { Statements } from './statements.ts';

export interface Duplicate {
  readonly line: BlockLine;
  /** The line of the same block that was stored instead; null when the event was stored before. */
  readonly twin: BlockLine | null;
}

export interface Comparison {
  /** How many duplicates differ from what is stored in anything but the time of receipt. */
  readonly conflicts: number;
  /** In the order of the duplicates. */
  readonly twins: readonly Twin[];
}

const batch = 5000;

/** Compares duplicates with what is stored in their place. */
export async function compareDuplicates(
  statements: Statements,
  block: Buffer,
  duplicates: readonly Duplicate[],
  now: number,
): Promise<Comparison> {
  const contentOf = (line: BlockLine): string => lineContent(block.subarray(line.start, line.end));
  let conflicts = 0;
  const twins: Twin[] = [];
  for (let start = 0; start < duplicates.length; start += batch) {
    const part = duplicates.slice(start, start + batch);
    const stored = await storedEvents(statements, part);
    const gone = await removedEvents(
      statements,
      part.filter(({ line, twin }) => twin === null && !stored.has(keyOf(line))),
      now,
    );
    for (const { line, twin } of part) {
      const receivedAt = receivedAtOf(block, line);
      const other =
        twin === null
          ? stored.get(keyOf(line))
          : { content: contentOf(twin), receivedAt: receivedAtOf(block, twin) };
      const removedReceivedAt = gone.get(keyOf(line));
      if (removedReceivedAt === undefined && other?.content !== contentOf(line)) conflicts += 1;
      const storedReceivedAt = other?.receivedAt ?? removedReceivedAt ?? receivedAt;
      twins.push({ line: line.number, receivedAt, storedReceivedAt });
    }
  }
  return { conflicts, twins };
}

interface StoredEvent {
  readonly content: string;
  readonly receivedAt: number;
}

async function storedEvents(
  statements: Statements,
  duplicates: readonly Duplicate[],
): Promise<Map<string, StoredEvent>> {
  const ids = duplicates.filter(({ twin }) => twin === null).map(({ line }) => line.id);
  const rows = await rowsWithIds(statements, `project, ${eventColumns}`, [...new Set(ids)]);
  return new Map(
    rows.map((row) => {
      const stored = { content: eventContent({ ...readEventRow(row) }), receivedAt: Number(row.received) };
      return [`${row.event_id} ${row.project}`, stored];
    }),
  );
}

/** When events were received whose id is known although retention removed them. */
async function removedEvents(
  statements: Statements,
  duplicates: readonly Duplicate[],
  now: number,
): Promise<ReadonlyMap<string, number>> {
  const ids = [...new Set(duplicates.map(({ line }) => line.id))];
  const columns = 'project, toString(id) AS event_id, toUnixTimestamp64Milli(received_at) AS received';
  const rows = await rowsWithIds(statements, columns, ids, [removedIds(now)]);
  return new Map(rows.map((row) => [`${row.event_id} ${row.project}`, Number(row.received)]));
}

const keyOf = ({ id, project }: BlockLine): string => `${id} ${project}`;
