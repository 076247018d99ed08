/*
 * A process that opens chDB on a directory and serves ClickHouse's HTTP interface on a Unix socket, or on a TCP port of
 * the loopback interface when digits alone stand in its place (0 for a free port):
 *
 *   node main.js <directory> <socket or port> <readers> [engine arguments…]
 *
 * It lives as long as its parent: when standard input ends, the parent is gone or wants it to go. It writes `ready` to
 * standard output when it listens, and the port behind it when it listens on one.
 */
import { rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { Engine } from './engine.ts';
import { createHttpInterface } from './http-interface.ts';

const [directory, place, readers, ...engineArguments] = process.argv.slice(2);
if (directory === undefined || place === undefined || readers === undefined) {
  process.stderr.write('usage: main.js <directory> <socket or port> <readers> [engine arguments…]\n');
  process.exit(2);
}

const engine = new Engine({ directory, engineArguments, readers: Number(readers) });
const server = createHttpInterface(engine);
const sayReady = (): void => {
  const address: AddressInfo | string | null = server.address();
  process.stdout.write(
    typeof address === 'object' && address !== null ? `ready ${address.port}\n` : 'ready\n',
  );
};
if (/^[0-9]+$/.test(place)) {
  server.listen(Number(place), '127.0.0.1', sayReady);
} else {
  // The engine holds a lock on the directory, so a socket that is there already is a dead process's.
  rmSync(place, { force: true });
  server.listen(place, sayReady);
}

let stopping = false;
const stop = async (): Promise<void> => {
  if (stopping) return;
  stopping = true;
  server.close();
  await engine.close();
  process.exit(0);
};
const stopOrDie = (): void => {
  stop().catch((error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
    process.exit(1);
  });
};

process.stdin.on('data', (line) => {
  if (line.toString().startsWith('stop')) stopOrDie();
});
// Without a word the parent died: acknowledged writes are on disk, and a successor waits for the lock.
process.stdin.on('close', () => {
  if (!stopping) process.kill(process.pid, 'SIGKILL');
});
// A terminal's Ctrl-C reaches the whole process group; the parent decides when this process stops.
process.on('SIGINT', () => {});
process.on('SIGTERM', () => {});
