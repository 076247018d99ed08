import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { silentLog } from '../../../domain/log.ts';
import { startChild } from './child-process.ts';
import { engineArguments } from './embedded.ts';

/** chDB behind ClickHouse's HTTP interface on a port, started on its own as a server is. */
export interface ChdbServer {
  readonly host: string;
  readonly port: number;
  close(): Promise<void>;
}

export async function startChdbServer(): Promise<ChdbServer> {
  const directory = await mkdtemp(path.join(os.tmpdir(), 'streamflow-chdb-server-'));
  const child = startChild({
    directory,
    listen: 0,
    readers: 3,
    engineArguments,
    log: silentLog,
    deadline: 30_000,
  });
  const port = await Promise.race([
    child.ready,
    child.exited.then(({ lastWords }) => Promise.reject(new Error(`chDB ended: ${lastWords}`))),
  ]);
  if (port === null) throw new Error('chDB does not listen on a port');
  return {
    host: '127.0.0.1',
    port,
    async close() {
      await child.stop(5000);
      await rm(directory, { recursive: true, force: true });
    },
  };
}
