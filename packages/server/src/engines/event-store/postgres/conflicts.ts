import type { Postgres } from '../../postgres/postgres.ts';
import { type BlockLine, receivedAtOf } from '../block-lines.ts';
import { eventContent, lineContent } from '../event-content.ts';
import { readEventRow } from '../event-row.ts';
import type { AppendResult, Twin } from '../port.ts';
import { eventColumns, millisecondsSql } from './event-row.ts';

export interface Duplicate {
  readonly line: BlockLine;
  /** The line of the same block that came first; null when the event was stored before. */
  readonly twin: BlockLine | null;
}

const batch = 5000;

/** Each is looked up by itself, in the one partition of its time; `offset 0` rules out a scan of all. */
const throughIds = `
select found.* from unnest($1::text[], $2::uuid[]) as line (project, id) join event_ids using (project, id),
lateral (
  select project, ${eventColumns} from events
  where events.project = line.project and events.timestamp = event_ids.timestamp and events.id = line.id offset 0
) as found`;
/** In every partition, for events older than the horizon. */
const throughEvents = `
select found.* from unnest($1::text[], $2::uuid[]) as line (project, id),
lateral (
  select project, ${eventColumns} from events
  where events.project = line.project and events.id = line.id offset 0
) as found`;

/** Of ids whose event retention removed. */
const throughRemoved = `
select id::text as id, project, ${millisecondsSql('received_at')} as received
from unnest($1::text[], $2::uuid[]) as line (project, id) join event_ids using (project, id)
where received_at is not null`;

/** Compares duplicates with what is stored in their place, in everything but the time of receipt. */
export async function compareDuplicates(
  postgres: Pick<Postgres, 'query'>,
  block: Buffer,
  duplicates: readonly Duplicate[],
): Promise<Pick<AppendResult, 'conflicts' | 'twins'>> {
  const stored = (line: BlockLine): StoredEvent => ({
    content: lineContent(block.subarray(line.start, line.end)),
    receivedAt: receivedAtOf(block, line),
  });
  let conflicts = 0;
  const twins: Twin[] = [];
  for (let start = 0; start < duplicates.length; start += batch) {
    const part = duplicates.slice(start, start + batch);
    const present = await storedEvents(postgres, part);
    const removed = await removedEvents(
      postgres,
      part.filter(({ line }) => !present.has(keyOf(line))),
    );
    for (const { line, twin } of part) {
      const { content, receivedAt } = stored(line);
      // Neither a line that was set aside nor an event that retention removed is stored.
      const other = present.get(keyOf(line)) ?? (twin === null ? null : stored(twin));
      const gone = removed.get(keyOf(line));
      if (gone === undefined && other !== null && other.content !== content) conflicts += 1;
      const storedReceivedAt = gone ?? other?.receivedAt ?? receivedAt;
      twins.push({ line: line.number, receivedAt, storedReceivedAt });
    }
  }
  return { conflicts, twins: twins.sort((a, b) => a.line - b.line) };
}

interface StoredEvent {
  readonly content: string;
  readonly receivedAt: number;
}

async function storedEvents(
  postgres: Pick<Postgres, 'query'>,
  duplicates: readonly Duplicate[],
): Promise<ReadonlyMap<string, StoredEvent>> {
  const events = new Map<string, StoredEvent>();
  for (const sql of [throughIds, throughEvents]) {
    const missing = duplicates.filter(({ line }) => !events.has(keyOf(line)));
    if (missing.length === 0) break;
    const lines = missing.map(({ line }) => line);
    const { rows } = await postgres.query(sql, [
      lines.map(({ project }) => project),
      lines.map(({ id }) => id),
    ]);
    for (const row of rows) {
      const event = { content: eventContent({ ...readEventRow(row) }), receivedAt: Number(row.received) };
      events.set(`${row.event_id} ${row.project}`, event);
    }
  }
  return events;
}

async function removedEvents(
  postgres: Pick<Postgres, 'query'>,
  duplicates: readonly Duplicate[],
): Promise<ReadonlyMap<string, number>> {
  if (duplicates.length === 0) return new Map();
  const { rows } = await postgres.query(throughRemoved, [
    duplicates.map(({ line }) => line.project),
    duplicates.map(({ line }) => line.id),
  ]);
  return new Map(rows.map((row) => [`${row.id} ${row.project}`, Number(row.received)]));
}

const keyOf = ({ id, project }: BlockLine): string => `${id} ${project}`;
