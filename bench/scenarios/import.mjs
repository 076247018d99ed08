// `streamflow import` of a 1,000,000-line file into a running server, beside the rate of one writer straight into the
// embedded engine.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { appendCeiling } from '../harness/append-ceiling.mjs';
import { makeEvent, seeded } from '../harness/events.mjs';
import { figure } from '../harness/report.mjs';
import { startServer } from '../harness/server.mjs';
import { waitUntilStored } from '../harness/wait.mjs';

const bin = fileURLToPath(new URL('../../packages/server/bin/streamflow.mjs', import.meta.url));

async function writeFile(path, lines) {
  const random = seeded(7);
  const out = createWriteStream(path);
  const from = Date.parse('2026-01-01T00:00:00Z');
  for (let at = 0; at < lines; at += 1000) {
    let chunk = '';
    for (let index = at; index < Math.min(at + 1000, lines); index += 1) {
      chunk += `${JSON.stringify({ ...makeEvent(random), timestamp: new Date(from + index * 1000).toISOString() })}\n`;
    }
    if (!out.write(chunk)) await once(out, 'drain');
  }
  out.end();
  await once(out, 'finish');
}

export async function run({ lines = 1_000_000 } = {}) {
  const directory = await mkdtemp(join(tmpdir(), 'streamflow-import-'));
  const file = join(directory, 'events.ndjson');
  await writeFile(file, lines);
  const ceiling = await appendCeiling();
  const server = await startServer();
  try {
    const begun = performance.now();
    const child = spawn(bin, ['import', '--json', file], {
      env: { ...process.env, STREAMFLOW_DATA_DIR: server.data, LOG_LEVEL: 'WARNING' },
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    const [code] = await once(child, 'exit');
    if (code !== 0) throw new Error(`import ended with ${code}`);
    await waitUntilStored(server);
    const rate = lines / ((performance.now() - begun) / 1000);
    const stored = await server.stored();
    if (stored !== lines) throw new Error(`${stored} of ${lines} lines are stored`);
    figure(`import of ${lines.toLocaleString('en')} lines, until all are stored`, {
      value: rate,
      unit: 'lines/s',
      ceiling,
      ratio: rate / ceiling,
      atLeast: 0.6,
    });
  } finally {
    await server.stop();
    await rm(directory, { recursive: true, force: true });
  }
}
