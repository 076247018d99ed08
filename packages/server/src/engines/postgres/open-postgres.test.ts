import { DatabaseError } from 'pg';
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import { silentLog } from '../../domain/log.ts';
import { isUniqueViolation } from './failures.ts';
import { migrate } from './migrate.ts';
import { openPostgres, type PostgresOptions } from './open-postgres.ts';
import type { Postgres } from './postgres.ts';
import {
  canUseServer,
  createTestDatabase,
  serverName,
  startTestProxy,
  type TestDatabase,
} from './test-database.fixture.ts';

const unavailable = { code: 'ServiceUnavailable' };

if (await canUseServer()) {
  describe('the connections to PostgreSQL', () => {
    let database: TestDatabase;
    const opened: Postgres[] = [];
    const open = (options: Partial<PostgresOptions> = {}): Postgres => {
      const postgres = openPostgres({
        url: database.url,
        poolSize: 1,
        maxOverflow: 1,
        applicationName: 'streamflow test',
        echo: false,
        log: silentLog,
        ...options,
      });
      opened.push(postgres);
      return postgres;
    };
    beforeAll(async () => {
      database = await createTestDatabase();
      await database.query('create table things (name text primary key)');
    });
    afterAll(async () => {
      for (const postgres of opened) await postgres.close();
      await database.drop();
    });
    const running = async (sql: string): Promise<number> => {
      const rows = await database.query(
        `select from pg_stat_activity where state = 'active' and query = $1`,
        [sql],
      );
      return rows.length;
    };

    it('opens as many as the pool and its overflow allow, and refuses who waits too long', async () => {
      const postgres = open({ connectTimeoutMs: 200 });
      const results = await Promise.allSettled([1, 2, 3].map(() => postgres.query('select pg_sleep(0.5)')));
      expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected']);
      expect(results[2]).toMatchObject({ reason: unavailable });
    });

    it('says that the server is slow by its code, and goes on on the same connection', async () => {
      const postgres = open({ statementTimeoutMs: 100, maxOverflow: 0 });
      const pid = async () => (await postgres.query('select pg_backend_pid() as pid')).rows;
      const before = await pid();
      await expect(postgres.query('select pg_sleep(5)')).rejects.toMatchObject(unavailable);
      expect(await pid()).toEqual(before);
      await postgres.query('select pg_sleep(0.2)', [], { timeoutMs: 2000 });
      await expect(postgres.query('select pg_sleep(5)')).rejects.toMatchObject(unavailable);
    });

    it('lets a refused statement be what it is', async () => {
      const postgres = open();
      await expect(postgres.query('select nothing')).rejects.toBeInstanceOf(DatabaseError);
      await postgres.query('insert into things values ($1)', ['twice']);
      await expect(postgres.query('insert into things values ($1)', ['twice'])).rejects.toSatisfy(
        isUniqueViolation,
      );
    });

    it('rolls back what rejects, and what went on after a failed statement', async () => {
      const postgres = open();
      const insert = 'insert into things values ($1)';
      await expect(
        postgres.transaction(async ({ query }) => {
          await query(insert, ['rolled back']);
          throw new RangeError('changed my mind');
        }),
      ).rejects.toThrow('changed my mind');
      await expect(
        postgres.transaction(async ({ query }) => {
          await query(insert, ['rolled back']);
          await query(insert, ['rolled back']).catch(() => undefined);
        }),
      ).rejects.toThrow(TypeError);
      expect(await database.query(`select from things where name = 'rolled back'`)).toHaveLength(0);
    });

    it('runs a transaction again when the server chose it to end a deadlock', async () => {
      const postgres = open();
      await postgres.query(`insert into things values ('left'), ('right')`);
      const touch = `update things set name = name where name = $1`;
      let met: () => void = () => {};
      const meeting = new Promise<void>((resolve) => {
        met = resolve;
      });
      let arrived = 0;
      let runs = 0;
      const cross = (first: string, second: string) =>
        postgres.transaction(async ({ query }) => {
          runs += 1;
          await query(touch, [first]);
          arrived += 1;
          if (arrived === 2) met();
          await meeting;
          await query(touch, [second]);
        });
      await Promise.all([cross('left', 'right'), cross('right', 'left')]);
      expect(runs).toBe(3);
    });

    it('ends the statement in the server when the signal fires', async () => {
      const postgres = open();
      const gone = new AbortController();
      const sleep = 'select pg_sleep(20), 1';
      const query = postgres.query(sleep, [], { signal: gone.signal });
      await expect.poll(() => running(sleep)).toBe(1);
      gone.abort(new Error('gone'));
      await expect(query).rejects.toThrow('gone');
      await expect.poll(() => running(sleep)).toBe(0);
      await postgres.ping();
    });

    it('logs statements without their values where it is asked for', async () => {
      const lines: unknown[] = [];
      const log = {
        ...silentLog,
        debug: (message: string, fields?: object) => lines.push({ message, ...fields }),
      };
      await open({ echo: true, log }).query('select $1::text as secret', ['hidden']);
      expect(lines).toContainEqual(
        expect.objectContaining({ message: 'Statement', sql: 'select $1::text as secret' }),
      );
      expect(JSON.stringify(lines)).not.toContain('hidden');
    });

    it('is unavailable at once while the server is away, and comes back with it', async () => {
      const proxy = await startTestProxy();
      const postgres = open({ url: proxy.urlFor(database.url) });
      await postgres.ping();
      const sleep = 'select pg_sleep(20), 2';
      const underWay = postgres.query(sleep);
      const interrupted = expect(underWay).rejects.toMatchObject(unavailable);
      await expect.poll(() => running(sleep)).toBe(1);
      proxy.refuse();
      await interrupted;
      await expect(postgres.ping()).rejects.toMatchObject(unavailable);
      proxy.restore();
      await postgres.ping();
      // A client that is gone is noticed, and its statement ended, long before its timeout.
      await expect.poll(() => running(sleep), { timeout: 5000 }).toBe(0);
      await proxy.close();
    });

    it('gives up on a link that died silently', async () => {
      const proxy = await startTestProxy();
      const postgres = open({ url: proxy.urlFor(database.url), statementTimeoutMs: 200 });
      await postgres.ping();
      proxy.silence();
      await expect(postgres.query('select 1')).rejects.toMatchObject(unavailable);
      proxy.restore();
      await postgres.ping();
      await proxy.close();
    });

    it('migrates each store once, however many replicas start at the same moment', async () => {
      const migrations = [
        { version: 1, name: 'first', sql: 'create table one (n integer); insert into one values (1)' },
        { version: 2, name: 'second', sql: 'insert into one values (2)' },
      ];
      const run = (store: string, steps = migrations) =>
        migrate({ postgres: open(), store, migrations: steps, log: silentLog });
      await Promise.all([run('a'), run('a'), run('a'), run('a')]);
      expect(await database.query('select n from one order by n')).toEqual([{ n: 1 }, { n: 2 }]);
      await run('b', [{ version: 1, name: 'other', sql: 'create table two ()' }]);
      await run('a');
      expect(
        await database.query('select store, version from streamflow_migrations order by store, version'),
      ).toEqual([
        { store: 'a', version: 1 },
        { store: 'a', version: 2 },
        { store: 'b', version: 1 },
      ]);
    });

    it('works on a schema one version ahead, and refuses one that it cannot know', async () => {
      const step = (version: number, worksWith?: number) => ({
        version,
        name: `step ${version}`,
        sql: 'select 1',
        ...(worksWith === undefined ? {} : { worksWith }),
      });
      const run = (...migrations: ReturnType<typeof step>[]) =>
        migrate({ postgres: open(), store: 'rolling', migrations, log: silentLog });
      await run(step(1), step(2));
      await run(step(1));
      await run(step(1), step(2), step(3, 3));
      await expect(run(step(1), step(2))).rejects.toMatchObject({ code: 'InternalError' });
    });

    it('leaves nothing of a migration that fails', async () => {
      const broken = [{ version: 1, name: 'broken', sql: 'create table half (); select nothing' }];
      const run = migrate({ postgres: open(), store: 'broken', migrations: broken, log: silentLog });
      await expect(run).rejects.toBeInstanceOf(DatabaseError);
      expect(await database.query(`select to_regclass('half') as half`)).toEqual([{ half: null }]);
    });
  });
} else {
  describe('the connections to PostgreSQL', () => {
    test.skip(`needs a PostgreSQL server at ${serverName}`, () => {});
  });
}
