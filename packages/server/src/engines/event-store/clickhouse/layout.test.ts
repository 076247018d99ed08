import { afterEach, describe, expect, it } from 'vitest';
import { silentLog } from '../../../domain/log.ts';
import { blockOf, makeEvent } from '../event-fixtures.contract.ts';
import { createTestBooks } from '../removal-books.fixture.ts';
import { openClickHouseEventStore } from './clickhouse-event-store.ts';
import { layoutOf } from './layout.ts';
import {
  type RecordedStatement,
  type RecordingServer,
  startRecordingServer,
} from './recording-server.fixture.ts';
import { openClickHouseServer } from './server.ts';

/** What differs between one request and the next, or belongs to the transport. */
const passing = new Set(['query', 'query_id', 'insert_deduplication_token', 'database', 'log_comment']);

describe('what ClickHouse is told', () => {
  let server: RecordingServer;
  afterEach(() => server.close());

  /** Opens a store on a new database, stores an event and reads it: everything that a cluster may change. */
  const record = async (cluster: string | null, shards = 1): Promise<readonly RecordedStatement[]> => {
    server = await startRecordingServer((sql) => {
      if (sql.includes('system.clusters')) return shards === 0 ? [{ shards: 0 }] : [{ shards, replicas: 3 }];
      if (sql.includes('system.processes')) return [{ running: sql.length > 0 && !killed() ? 1 : 0 }];
      if (sql.includes('DISTINCT type')) return [{ type: 'web.click' }];
      if (sql.includes('DISTINCT _partition_id') || sql.includes('has_lightweight_delete'))
        return [{ partition: '202301' }];
      if (sql.includes('AS minute')) return [{ project: 'default', minute: 28_000_000, lines: 3 }];
      if (sql.includes('AS ids')) return [{ ids: 2 }];
      if (sql.includes('AS found')) return [{ found: 1, unfinished: 0 }];
      const claim = /holder, \(SELECT max/.test(sql);
      return claim ? [{ holder: 'this process', newest: claims() }] : [];
    });
    const killed = () => server.statements.some(({ sql }) => sql.startsWith('KILL'));
    const claims = () =>
      server.statements.filter(({ sql }) => sql.startsWith('INSERT INTO writer_claims')).length;
    const connection = await openClickHouseServer({
      url: server.url,
      newId: () => 'this process',
      log: silentLog,
      ...(cluster === null ? {} : { cluster }),
    });
    const clock = { now: () => Date.UTC(2026, 0) };
    const store = await openClickHouseEventStore({ connection, clock, log: silentLog });
    await store.append(blockOf([makeEvent()], false));
    await store.get('default', '00000000-0000-4000-8000-000000000000');
    const types = { 'web.*': Date.UTC(2024, 0) };
    expect((await store.remove({ before: null, types }, createTestBooks())).events).toBe(3);
    await store.close();
    return server.statements;
  };

  const withoutNames = (sql: string): string =>
    sql
      .replaceAll(/127\.0\.0\.1:\d+/g, 'server')
      .replaceAll(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, 'name');

  const text = (statements: readonly RecordedStatement[]): string =>
    statements
      .map(({ sql, settings }) => {
        const shown = Object.entries(settings)
          .filter(([name]) => !passing.has(name))
          .map(([name, value]) => `--   ${name} = ${withoutNames(value)}\n`);
        return `${withoutNames(sql)};\n${shown.join('')}`;
      })
      .join('\n');

  it('is the committed SQL with a server by itself', async () => {
    await expect(text(await record(null))).toMatchFileSnapshot('snapshots/standalone.sql');
  });

  it('is the committed SQL with a cluster: on all of it, in replicated tables, with a quorum', async () => {
    await expect(text(await record('analytics'))).toMatchFileSnapshot('snapshots/cluster.sql');
  });

  it.each([
    ['is not known to the server', 0, /does not know the cluster/],
    ['has more than one shard', 2, /has 2 shards/],
  ])('is nothing when the cluster %s', async (_name, shards, message) => {
    await expect(record('analytics', shards)).rejects.toMatchObject({
      code: 'ServiceUnavailable',
      message: expect.stringMatching(message),
    });
    expect(server.statements.every(({ sql }) => sql.startsWith('SELECT'))).toBe(true);
  });

  it.each(["a'b", '', 'a b', '1a', 'a;'])(
    'never has the strange name %j of a cluster in it',
    async (name) => {
      server = await startRecordingServer(() => []);
      expect(() => layoutOf(name)).toThrow(TypeError);
    },
  );
});
