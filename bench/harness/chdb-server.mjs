import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startChild } from '../../packages/server/dist/engines/event-store/clickhouse/child-process.js';
import { engineArguments } from '../../packages/server/dist/engines/event-store/clickhouse/embedded.js';

/** chDB behind ClickHouse's HTTP interface on a port, started on its own as a server is. */
export async function startChdbServer() {
  const directory = await mkdtemp(join(tmpdir(), 'streamflow-chdb-server-'));
  const log = { warning: console.warn };
  const child = startChild({ directory, listen: 0, readers: 3, engineArguments, log, deadline: 30_000 });
  const ended = child.exited.then(({ lastWords }) => Promise.reject(new Error(`chDB ended: ${lastWords}`)));
  const port = await Promise.race([child.ready, ended]);
  ended.catch(() => {});
  return {
    url: `http://127.0.0.1:${port}`,
    async stop() {
      await child.stop(5000);
      await rm(directory, { recursive: true, force: true });
    },
  };
}
