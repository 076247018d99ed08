import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../../domain/clock.ts';
import { type Log, silentLog } from '../../../domain/log.ts';
import { settings } from '../../../domain/records/settings.ts';
import { users } from '../../../domain/records/users.ts';
import { recordStoreContract } from '../record-store.contract.ts';
import { migrations } from './migrate.ts';
import type { Migration } from './migration.ts';
import { openSqliteRecordStore } from './sqlite-record-store.ts';

const project = 'default';

recordStoreContract('SQLite', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'streamflow-records-'));
  const file = join(directory, 'records.sqlite');
  return {
    open: (clock) => openSqliteRecordStore({ file, log: silentLog, clock }),
    remove: () => rm(directory, { recursive: true }),
  };
});

describe('records in SQLite', () => {
  let directory: string;
  let counter = 0;
  const newFile = () => join(directory, `${counter++}.sqlite`);
  const open = (file: string, more: { patienceMs?: number; migrations?: Migration[]; log?: Log } = {}) =>
    openSqliteRecordStore({ file, log: silentLog, clock: systemClock, ...more });

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'streamflow-sqlite-'));
  });
  afterAll(() => rm(directory, { recursive: true }));

  it('keeps its file from other users of the machine', async () => {
    const file = newFile();
    const store = await open(file);
    await store.insert(settings, { project, id: 'k', value: 1 });
    for (const name of [file, `${file}-wal`, `${file}-shm`]) expect((await stat(name)).mode & 0o077).toBe(0);
    await store.close();
  });

  it('has every acknowledged write, and no half transaction, after kill -9', async () => {
    const file = newFile();
    // The build that `npm test` makes first: a child runs JavaScript.
    const built = fileURLToPath(new URL('../../../../dist/', import.meta.url));
    const script = join(directory, 'writer.mjs');
    await writeFile(
      script,
      `import { openSqliteRecordStore } from ${JSON.stringify(pathToFileURL(join(built, 'engines/record-store/sqlite/sqlite-record-store.js')).href)};
       import { settings } from ${JSON.stringify(pathToFileURL(join(built, 'domain/records/settings.js')).href)};
       import { silentLog } from ${JSON.stringify(pathToFileURL(join(built, 'domain/log.js')).href)};
       const store = await openSqliteRecordStore({ file: process.argv[2], log: silentLog, clock: { now: Date.now } });
       for (let n = 0; ; n++) {
         await store.transaction(async (tx) => {
           await tx.insert(settings, { project: 'default', id: 'a' + n, value: n });
           await tx.insert(settings, { project: 'default', id: 'b' + n, value: n });
         });
         process.stdout.write(n + '\\n');
       }`,
    );
    const child = spawn(process.execPath, [script, file], { stdio: ['ignore', 'pipe', 'inherit'] });
    let output = '';
    const ended = once(child, 'exit');
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      if (output.split('\n').length > 20) child.kill('SIGKILL');
    });
    expect((await ended)[1]).toBe('SIGKILL');
    const acknowledged = output.split('\n').length - 1;
    expect(acknowledged).toBeGreaterThanOrEqual(20);

    const store = await open(file);
    const { records } = await store.list(settings, { project, limit: 100_000 });
    const ids = new Set(records.map((record) => record.id));
    for (let n = 0; n < acknowledged; n++) expect(ids.has(`a${n}`)).toBe(true);
    for (const id of ids) expect(ids.has(id.replace(/^./, id.startsWith('a') ? 'b' : 'a'))).toBe(true);
    await store.close();
  });

  it('moves an older schema forward, once, and says so', async () => {
    const file = newFile();
    await (await open(file)).close();
    const lines: unknown[] = [];
    const log: Log = { ...silentLog, info: (_message, fields) => lines.push(fields) };
    const next: Migration = {
      version: migrations.length + 1,
      sql: 'create table if not exists later (id text primary key) strict; insert into later values (1)',
    };
    const opened = await Promise.all(
      [1, 2].map(() => open(file, { migrations: [...migrations, next], log })),
    );
    await Promise.all(opened.map((store) => store.close()));
    expect(lines).toEqual([{ file, from: migrations.length, to: next.version }]);
    const db = new Database(file);
    expect(db.prepare('select count(*) from later').pluck().get()).toBe(1);
    db.close();
  });

  it('leaves the schema as it was when a migration fails', async () => {
    const file = newFile();
    await (await open(file)).close();
    const broken: Migration = { version: migrations.length + 1, sql: 'create table t (x) strict; nonsense' };
    await expect(open(file, { migrations: [...migrations, broken] })).rejects.toThrow();
    const db = new Database(file);
    expect(db.prepare('select version from schema_version').pluck().all()).toEqual([migrations.length]);
    expect(db.prepare("select name from sqlite_master where name = 't'").all()).toEqual([]);
    db.close();
  });

  it('may run every migration again on a schema that has it', async () => {
    const file = newFile();
    const store = await open(file);
    await store.insert(settings, { project, id: 'k', value: 1 });
    await store.close();
    const db = new Database(file);
    for (const step of migrations) db.exec(step.sql);
    expect(db.prepare('select count(*) from settings').pluck().get()).toBe(1);
    db.close();
  });

  it('refuses a schema of a later version', async () => {
    const file = newFile();
    await (await open(file)).close();
    const db = new Database(file);
    db.exec('update schema_version set version = 999');
    db.close();
    await expect(open(file)).rejects.toThrow(/schema 999, made by a later version/);
  });

  it('answers ServiceUnavailable, with the event loop free, while another process holds the database', async () => {
    const file = newFile();
    const store = await open(file, { patienceMs: 100 });
    const other = new Database(file);
    other.exec('begin immediate');
    let ticks = 0;
    const timer = setInterval(() => ticks++, 1);
    await expect(store.insert(settings, { project, id: 'k', value: 1 })).rejects.toMatchObject({
      code: 'ServiceUnavailable',
    });
    clearInterval(timer);
    expect(ticks).toBeGreaterThan(5);
    expect(await store.get(settings, { project, id: 'k' })).toBeNull();
    other.exec('rollback');
    await store.insert(settings, { project, id: 'k', value: 1 });
    other.close();
    await store.close();
  });

  it('refuses a row that was made not of its shape', async () => {
    const file = newFile();
    const store = await open(file);
    const db = new Database(file);
    db.exec(`insert into users (project, id, version, created_at, updated_at, email, password_hash, role, disabled,
      session_epoch) values ('default', 'u1', 1, 1, 1, 'a', 'h', 'root', 0, 1)`);
    db.close();
    await expect(store.get(users, { project, id: 'u1' })).rejects.toThrow(/not of its shape: u1/);
    await store.close();
  });

  it('fails to open what is not a database', async () => {
    const file = newFile();
    await writeFile(file, 'not a database at all, '.repeat(100));
    await expect(open(file)).rejects.toThrow();
  });
});
