import type { Postgres } from '../../postgres/postgres.ts';
import type { BlockLine } from '../block-lines.ts';
import { eventContent, lineContent } from '../event-content.ts';
import { eventColumns, readEventRow } from './event-row.ts';

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

/** How many duplicates differ from what is stored in anything but the time of receipt. */
export async function countConflicts(
  postgres: Pick<Postgres, 'query'>,
  block: Buffer,
  duplicates: readonly Duplicate[],
): Promise<number> {
  const contentOf = (line: BlockLine): string => lineContent(block.subarray(line.start, line.end));
  let conflicts = 0;
  for (let start = 0; start < duplicates.length; start += batch) {
    const part = duplicates.slice(start, start + batch);
    const contents = await storedContents(postgres, part);
    for (const { line, twin } of part) {
      // Neither a line that was set aside nor an event that retention removed is stored.
      const stored = contents.get(keyOf(line)) ?? (twin === null ? null : contentOf(twin));
      if (stored !== null && stored !== contentOf(line)) conflicts += 1;
    }
  }
  return conflicts;
}

async function storedContents(
  postgres: Pick<Postgres, 'query'>,
  duplicates: readonly Duplicate[],
): Promise<ReadonlyMap<string, string>> {
  const contents = new Map<string, string>();
  for (const sql of [throughIds, throughEvents]) {
    const missing = duplicates.filter(({ line }) => !contents.has(keyOf(line)));
    if (missing.length === 0) break;
    const lines = missing.map(({ line }) => line);
    const { rows } = await postgres.query(sql, [
      lines.map(({ project }) => project),
      lines.map(({ id }) => id),
    ]);
    for (const row of rows) contents.set(`${row.id} ${row.project}`, eventContent({ ...readEventRow(row) }));
  }
  return contents;
}

const keyOf = ({ id, project }: BlockLine): string => `${id} ${project}`;
