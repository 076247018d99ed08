import { mkdirSync, rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import http from 'node:http';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { unavailable } from '../../../domain/errors.ts';
import type { Log } from '../../../domain/log.ts';
import { type ChildExit, type ChildProcess, startChild } from './child-process.ts';
import type { ClickHouseConnection } from './connection.ts';
import { createEngineFaults } from './engine-faults.ts';

export interface EmbeddedClickHouseOptions {
  /** Where the engine keeps its files; made when missing. One process at a time may have it. */
  readonly directory: string;
  readonly log: Log;
  /** Queries that run at the same time; 3 unless given. */
  readonly readers?: number;
  /** Milliseconds in which the engine must answer after a start, waiting for a predecessor's lock included; 60,000 unless given. */
  readonly startDeadline?: number;
  /** Milliseconds between two looks at the engine; 2,000 unless given. */
  readonly watchInterval?: number;
  /** Milliseconds without an answer after which the engine is taken for hung and killed; 20,000 unless given. */
  readonly hangDeadline?: number;
  /** Milliseconds for which all reads or all writes must fail until the engine is taken for broken and killed; 5,000 unless given. */
  readonly brokenDeadline?: number;
}

export interface EmbeddedClickHouse {
  readonly connection: ClickHouseConnection;
  /** Process id of the engine; undefined while it is away. */
  readonly pid: number | undefined;
  /** Times that the engine was started again after it died. */
  readonly restarts: number;
  /** Ends queries, waits for what is being written, and stops the engine. */
  close(): Promise<void>;
}

/** The engine's caches and pools, cut down from a server's defaults: 510 to 580 MB under load instead of 730. */
export const engineArguments = [
  '--background_pool_size=1',
  '--background_schedule_pool_size=1',
  '--mark_cache_size=67108864',
  '--primary_index_cache_size=67108864',
  // Parameters reach the engine in SET statements, and a list of ids may be long.
  '--max_query_size=67108864',
];
/** Between two restarts of an engine that fails: files that are damaged stay so. */
const brokenRestMs = 60_000;
const restartDelays = [0, 100, 500, 1000, 2000, 5000];
// The longest path that fits into the address of a Unix socket, with some room.
const maxSocketPath = 100;

/**
 * Runs chDB in a process of its own and keeps it running: when it dies it is started again, after a growing delay when
 * it dies at once; when it does not answer, or refuses whatever it is
 * asked for seconds, it is killed first. Meanwhile requests to its connection are refused.
 */
export async function openEmbeddedClickHouse(
  options: EmbeddedClickHouseOptions,
): Promise<EmbeddedClickHouse> {
  const { directory, log, readers = 3 } = options;
  const startDeadline = options.startDeadline ?? 60_000;
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const socketPath = await chooseSocketPath(directory);
  const agent = new http.Agent({ keepAlive: true, maxSockets: 64 });
  agent.createConnection = () => net.createConnection(socketPath.path);

  let child: ChildProcess | undefined;
  let restarts = 0;
  let closing = false;
  const stopped = new AbortController();

  const faults = createEngineFaults({
    now: () => performance.now(),
    patienceMs: options.brokenDeadline ?? 5000,
    restMs: brokenRestMs,
    onBroken(kind, code) {
      log.error('The embedded ClickHouse fails every statement; killing it', { kind, code, pid: child?.pid });
      child?.kill();
    },
  });

  const start = async (): Promise<void> => {
    const started = await startUntil(Date.now() + startDeadline);
    child = started;
    faults.restarted();
    void started.exited.then((exit) => {
      child = undefined;
      if (closing) return;
      log.error('The embedded ClickHouse died; starting it again', { ...exit, pid: started.pid });
      void restart();
    });
  };

  /** Tries until the engine is up: a predecessor may hold the lock on the directory for a moment longer. */
  const startUntil = async (deadline: number): Promise<ChildProcess> => {
    for (let attempt = 0; ; attempt++) {
      const started = startChild({
        directory,
        listen: socketPath.path,
        readers,
        engineArguments,
        log,
        deadline: deadline - Date.now(),
      });
      const outcome = await Promise.race([started.ready.then(() => null), started.exited]);
      if (outcome === null) return started;
      if (Date.now() >= deadline || closing) throw startFailure(directory, outcome);
      await pause(restartDelays[Math.min(attempt + 1, restartDelays.length - 1)] ?? 0, stopped.signal);
    }
  };

  const restart = async (): Promise<void> => {
    for (let attempt = 0; !closing; attempt++) {
      await pause(restartDelays[Math.min(attempt, restartDelays.length - 1)] ?? 0, stopped.signal);
      if (closing) return;
      try {
        await start();
        restarts += 1;
        log.info('The embedded ClickHouse is back', { pid: child?.pid });
        return;
      } catch (error) {
        log.error('The embedded ClickHouse does not start', { error });
      }
    }
  };

  const watch = async (): Promise<void> => {
    const interval = options.watchInterval ?? 2000;
    while (!closing) {
      await pause(interval, stopped.signal);
      const watched = child;
      if (watched === undefined || closing) continue;
      if (await answers(socketPath.path, options.hangDeadline ?? 20_000)) continue;
      if (watched !== child || closing) continue;
      log.error('The embedded ClickHouse does not answer; killing it', { pid: watched.pid });
      watched.kill();
    }
  };

  await start();
  const watching = watch();
  return {
    connection: {
      url: 'http://localhost',
      agent,
      name: `embedded ClickHouse in ${directory}`,
      writer: null,
      observer: faults,
      cluster: null,
    },
    get pid() {
      return child?.pid;
    },
    get restarts() {
      return restarts;
    },
    async close() {
      closing = true;
      stopped.abort();
      await watching;
      await child?.stop(10_000);
      agent.destroy();
      socketPath.remove();
    },
  };
}

function startFailure(directory: string, exit: ChildExit): Error {
  const reason = exit.lastWords === '' ? `it ended with ${exit.code ?? exit.signal}` : exit.lastWords;
  return unavailable(`The embedded ClickHouse in ${directory} does not start: ${reason}`, 5);
}

async function chooseSocketPath(directory: string): Promise<{ path: string; remove: () => void }> {
  const beside = path.join(path.resolve(directory), 'clickhouse.sock');
  if (Buffer.byteLength(beside) <= maxSocketPath) {
    return { path: beside, remove: () => rmSync(beside, { force: true }) };
  }
  const temporary = await mkdtemp(path.join(os.tmpdir(), 'streamflow-'));
  return {
    path: path.join(temporary, 'clickhouse.sock'),
    remove: () => rmSync(temporary, { recursive: true, force: true }),
  };
}

/** Whether the engine runs a statement within the deadline; a refused connection is for the exit handler to deal with. */
function answers(socketPath: string, deadline: number): Promise<boolean> {
  return new Promise((resolve) => {
    const request = http.get({ socketPath, path: '/ping', timeout: deadline }, (response) => {
      response.resume();
      resolve(true);
    });
    request.on('timeout', () => {
      resolve(false);
      request.destroy();
    });
    request.on('error', () => resolve(true));
  });
}

function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const finish = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', finish);
      resolve();
    };
    const timer = setTimeout(finish, milliseconds);
    signal.addEventListener('abort', finish, { once: true });
  });
}
