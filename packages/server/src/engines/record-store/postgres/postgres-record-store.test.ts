import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, test } from 'vitest';
import { systemClock } from '../../../domain/clock.ts';
import { type Log, silentLog } from '../../../domain/log.ts';
import { settings } from '../../../domain/records/settings.ts';
import { openPostgres } from '../../postgres/open-postgres.ts';
import {
  canUseServer,
  createTestDatabase,
  serverName,
  startTestProxy,
  type TestDatabase,
} from '../../postgres/test-database.fixture.ts';
import { recordStoreContract } from '../record-store.contract.ts';
import type { RecordMigration } from '../sql/dialect.ts';
import { recordMigrations } from '../sql/migrations.ts';
import { openPostgresRecordStore, type PostgresRecordStoreOptions } from './postgres-record-store.ts';

const project = 'default';
const unavailable = { code: 'ServiceUnavailable' };

/** A store with a pool of its own, as a process has it. */
async function open(url: string, options: Partial<PostgresRecordStoreOptions> = {}) {
  const postgres = openPostgres({
    url,
    poolSize: 1,
    maxOverflow: 4,
    applicationName: 'streamflow test',
    echo: false,
    log: silentLog,
    statementTimeoutMs: 2000,
  });
  try {
    const store = await openPostgresRecordStore({
      postgres,
      log: silentLog,
      clock: systemClock,
      random: Math.random,
      ...options,
    });
    return {
      ...store,
      close: async () => {
        await store.close();
        await postgres.close();
      },
    };
  } catch (error) {
    await postgres.close();
    throw error;
  }
}

if (await canUseServer()) {
  describe('in a schema of its own', () => {
    let database: TestDatabase;
    let places = 0;
    beforeAll(async () => {
      database = await createTestDatabase();
    });
    afterAll(() => database.drop());

    // A database takes a hundred times as long to make as a schema.
    recordStoreContract('PostgreSQL', async () => {
      const schema = `place_${++places}`;
      await database.query(`create schema ${schema}`);
      const url = new URL(database.url);
      url.searchParams.set('options', `-c search_path=${schema}`);
      return {
        open: (clock) => open(url.href, { clock }),
        remove: async () => {
          await database.query(`drop schema ${schema} cascade`);
        },
      };
    });
  });

  describe('records in PostgreSQL', () => {
    let database: TestDatabase;
    beforeEach(async () => {
      database = await createTestDatabase();
    });
    afterEach(() => database.drop());

    it('answers ServiceUnavailable while the server is away, and goes on by itself when it is back', async () => {
      const proxy = await startTestProxy();
      const store = await open(proxy.urlFor(database.url));
      await store.insert(settings, { project, id: 'k', value: 1 });
      proxy.refuse();
      await expect(store.get(settings, { project, id: 'k' })).rejects.toMatchObject(unavailable);
      await expect(store.insert(settings, { project, id: 'l', value: 1 })).rejects.toMatchObject(unavailable);
      await expect(store.ping()).rejects.toMatchObject(unavailable);
      proxy.restore();
      await store.ping();
      expect(await store.get(settings, { project, id: 'l' })).toBeNull();
      await store.insert(settings, { project, id: 'l', value: 2 });
      await store.close();
      await proxy.close();
    });

    it('undoes a transaction whose connection breaks, and says so', async () => {
      const proxy = await startTestProxy();
      const store = await open(proxy.urlFor(database.url));
      const broken = store.transaction(async (tx) => {
        await tx.insert(settings, { project, id: 'k', value: 1 });
        proxy.refuse();
        await tx.insert(settings, { project, id: 'l', value: 1 });
      });
      await expect(broken).rejects.toMatchObject(unavailable);
      proxy.restore();
      expect(await store.count(settings, { project })).toBe(0);
      await store.close();
      await proxy.close();
    });

    it('keeps its connection through refusals and through transactions that have to be run again', async () => {
      const store = await open(database.url);
      const pids = () =>
        database.query(
          "select pid from pg_stat_activity where application_name = 'streamflow test' and datname = current_database()",
        );
      await store.insert(settings, { project, id: 'k', value: 0 });
      const before = await pids();
      let tries = 0;
      await store.transaction(async (tx) => {
        await tx.get(settings, { project, id: 'k' });
        if (++tries === 1) await database.query('update settings set version = version + 1');
        await tx.update(settings, { project, id: 'k' }, { value: 1 });
      });
      expect(tries).toBe(2);
      await expect(store.insert(settings, { project, id: 'k', value: 2 })).rejects.toMatchObject({
        code: 'Conflict',
      });
      expect(await pids()).toEqual(before);
      await store.close();
    });

    it('gives up on records that others never leave alone, and has written nothing', async () => {
      const store = await open(database.url, { patienceMs: 100 });
      await store.insert(settings, { project, id: 'k', value: 0 });
      const fought = store.transaction(async (tx) => {
        await tx.get(settings, { project, id: 'k' });
        await database.query("update settings set version = version + 1 where id = 'k'");
        await tx.update(settings, { project, id: 'k' }, { value: 1 });
      });
      await expect(fought).rejects.toMatchObject(unavailable);
      expect((await store.get(settings, { project, id: 'k' }))?.value).toBe(0);
      await store.close();
    });

    it('migrates once when replicas start at the same moment, and an older schema forward', async () => {
      const lines: unknown[] = [];
      const log: Log = { ...silentLog, info: (_message, fields) => lines.push(fields) };
      const first = await Promise.all([1, 2, 3].map(() => open(database.url, { log })));
      await first[0]?.insert(settings, { project, id: 'k', value: 1 });
      const version = recordMigrations.length + 1;
      const later: RecordMigration = {
        version,
        name: 'later',
        sql: ({ integer }) => `create table later (n ${integer}); insert into later values (1)`,
      };
      const migrations = [...recordMigrations, later];
      const second = await Promise.all([1, 2].map(() => open(database.url, { log, migrations })));
      expect(lines).toEqual(migrations.map(({ version, name }) => ({ store: 'records', version, name })));
      expect(await database.query('select n::integer from later')).toEqual([{ n: 1 }]);
      expect((await second[1]?.get(settings, { project, id: 'k' }))?.value).toBe(1);
      // The replicas of the version before go on while they are replaced.
      await first[1]?.insert(settings, { project, id: 'l', value: 2 });
      await Promise.all([...first, ...second].map((store) => store.close()));
    });

    it('may run every migration again on a schema that has it', async () => {
      const store = await open(database.url);
      await store.insert(settings, { project, id: 'k', value: 1 });
      await database.query('delete from streamflow_migrations');
      const again = await open(database.url);
      expect((await again.get(settings, { project, id: 'k' }))?.value).toBe(1);
      await again.close();
      await store.close();
    });

    it('finds by a unique key through its index', async () => {
      const store = await open(database.url);
      await database.query(
        `insert into users (project, id, version, created_at, updated_at, email, password_hash, role, disabled, session_epoch)
         select 'default', n::text, 1, 1, 1, 'User' || n || '@example.org', 'h', 'viewer', false, 1 from generate_series(1, 5000) n`,
      );
      await database.query('analyze users');
      const plan = await database.query(
        `explain select * from users where lower((email)::text collate "C") = lower(('x')::text collate "C")`,
      );
      expect(JSON.stringify(plan)).toContain('users_email');
      await store.close();
    });
  });
} else {
  describe('PostgreSQL keeps the contract of the record store', () => {
    test.skip(`needs a PostgreSQL server at ${serverName}`, () => {});
  });
}
