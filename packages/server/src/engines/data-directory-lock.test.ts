import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { lockDataDirectory } from './data-directory-lock.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'streamflow-lock-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const sqlite = import.meta.resolve('better-sqlite3');
/** Another process that holds the lock as `lockDataDirectory` does, until it is killed. */
const holder = `
  import Database from ${JSON.stringify(sqlite)};
  import { writeFileSync } from 'node:fs';
  const directory = process.argv[2];
  const database = new Database(directory + '/lock', { timeout: 0 });
  database.exec('BEGIN EXCLUSIVE');
  writeFileSync(directory + '/lock.pid', String(process.pid));
  process.send('locked');
  setInterval(() => {}, 1000);
`;

test('a second owner in the same process is refused with the pid of the first', () => {
  const lock = lockDataDirectory(directory);
  expect(() => lockDataDirectory(directory)).toThrowError(
    expect.objectContaining({ code: 'Conflict', details: expect.objectContaining({ pid: process.pid }) }),
  );
  lock.release();
  lockDataDirectory(directory).release();
});

test('releasing twice does no harm to the next owner', () => {
  const first = lockDataDirectory(directory);
  first.release();
  const second = lockDataDirectory(directory);
  first.release();
  expect(() => lockDataDirectory(directory)).toThrowError(expect.objectContaining({ code: 'Conflict' }));
  second.release();
});

test('another process is refused by name, and its death by SIGKILL frees the directory', async () => {
  const script = join(directory, 'holder.mjs');
  writeFileSync(script, holder);
  const child = fork(script, [directory]);
  await once(child, 'message');
  expect(() => lockDataDirectory(directory)).toThrowError(new RegExp(`in use by process ${child.pid}\\b`));
  child.kill('SIGKILL');
  await once(child, 'exit');
  lockDataDirectory(directory).release();
});
