import { randomUUID } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { createGunzip } from 'node:zlib';

const root = fileURLToPath(new URL('../..', import.meta.url));
const shared = process.env.STREAMFLOW_SHARED_DATA ?? resolve(root, '../shared/data');

export const hasRealEvents = existsSync(shared);

type Fields = Readonly<Record<string, unknown>>;

async function readLines(file: string, count: number): Promise<Fields[]> {
  const input = createReadStream(join(shared, file)).pipe(createGunzip());
  const lines: Fields[] = [];
  for await (const line of createInterface({ input })) {
    if (lines.length >= count) break;
    lines.push(JSON.parse(line));
  }
  input.destroy();
  return lines;
}

const editType = (edit: Fields): string =>
  edit.isNew === true ? 'custom.new-page' : edit.isRobot === true ? 'custom.robot-edit' : 'custom.edit';

/** The first edits and DNS answers of the real files, in their order and pace, moved to the `spanMs` before `end`. */
export async function realEvents(count: number, end: number, spanMs: number): Promise<string[]> {
  const edits = await readLines('wikipedia-edits-2015-09-12.json.gz', count);
  const answers = await readLines('zeek-dns-2018-03-24.json.gz', count);
  const at = (index: number): string =>
    new Date(end - spanMs + ((index + 1) / (count + 1)) * spanMs).toISOString();
  return edits.flatMap((edit, index) => {
    const answer = answers[index] ?? {};
    return [
      {
        type: editType(edit),
        source: edit.channel,
        user_id: edit.user,
        session_id: `session-${String(edit.user)}`,
        data: edit,
      },
      {
        type: answer.rcode_name === 'SERVFAIL' ? 'error' : 'custom.dns',
        source: 'zeek',
        user_id: answer['id.orig_h'],
        data: { ...answer, ...(typeof answer.rtt === 'number' ? { response_time: answer.rtt } : {}) },
      },
    ].map((event) => JSON.stringify({ ...event, id: randomUUID(), timestamp: at(index) }));
  });
}
