/*
 * The ceiling: a process that does nothing but insert blocks of lines into chDB, into a table like the event store's.
 * Blocks come over a pipe, each behind its length; only the time of the insert counts.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { layoutOf } from '../packages/server/dist/engines/event-store/clickhouse/layout.js';
import { migrationsFor } from '../packages/server/dist/engines/event-store/clickhouse/migrations.sql.js';

const settings =
  "async_insert=0, max_threads=1, max_insert_threads=1, input_format_parallel_parsing=0, date_time_input_format='best_effort'";

export async function startRawWriter(directory) {
  const child = spawn(process.execPath, [fileURLToPath(import.meta.url), directory], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  return {
    pid: child.pid,
    async insert(block) {
      const header = Buffer.alloc(4);
      header.writeUInt32LE(block.length);
      child.stdin.write(header);
      child.stdin.write(block);
      const [milliseconds] = await once(child.stdout, 'data');
      return Number(milliseconds);
    },
    async stop() {
      child.stdin.end();
      await once(child, 'close');
    },
  };
}

async function serve(directory) {
  const { Session } = createRequire(import.meta.resolve('@streamflow/server/package.json'))('chdb');
  const session = new Session(directory, {
    connectionArgs: ['--background_pool_size=1', '--background_schedule_pool_size=1'],
  });
  for (const { statements } of migrationsFor(layoutOf(null)))
    for (const sql of statements) await session.queryAsync(sql);
  process.stdout.write('.');
  let chunks = [];
  let length = 0;
  for await (const chunk of process.stdin) {
    chunks.push(chunk);
    length += chunk.length;
    if (length < 4) continue;
    if (chunks[0].length < 4) chunks = [Buffer.concat(chunks)];
    const wanted = chunks[0].readUInt32LE(0);
    if (length < wanted + 4) continue;
    const block = Buffer.concat(chunks).subarray(4);
    chunks = [];
    length = 0;
    const sql = `INSERT INTO events SETTINGS ${settings} FORMAT JSONEachRow\n${block.toString()}`;
    const started = performance.now();
    await session.queryAsync(sql);
    process.stdout.write(String(performance.now() - started));
  }
  session.close();
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await serve(process.argv[2]);
