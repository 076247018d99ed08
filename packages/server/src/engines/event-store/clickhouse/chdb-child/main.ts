/*
 * A process that opens chDB on a directory and serves ClickHouse's HTTP interface on a Unix socket:
 *
 *   node main.js <directory> <socket> <readers> [engine arguments…]
 *
 * It lives as long as its parent: when standard input ends, the parent is gone or wants it to go. It writes `ready` to
 * standard output when it listens.
 */
import { rmSync } from 'node:fs';
import { Engine } from './engine.ts';
import { createHttpInterface } from './http-interface.ts';

const [directory, socketPath, readers, ...engineArguments] = process.argv.slice(2);
if (directory === undefined || socketPath === undefined || readers === undefined) {
  process.stderr.write('usage: main.js <directory> <socket> <readers> [engine arguments…]\n');
  process.exit(2);
}

const engine = new Engine({ directory, engineArguments, readers: Number(readers) });
const server = createHttpInterface(engine);
// The engine holds a lock on the directory, so a socket that is there already is a dead process's.
rmSync(socketPath, { force: true });
server.listen(socketPath, () => process.stdout.write('ready\n'));

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
