import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { type ClickHouseClient, ClickHouseLogLevel, createClient } from '@clickhouse/client';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { systemClock } from '../../../domain/clock.ts';
import { silentLog } from '../../../domain/log.ts';
import { blockOf, hostileTexts, makeEvent } from '../event-fixtures.contract.ts';
import { createTestBooks } from '../removal-books.fixture.ts';
import { openClickHouseEventStore } from './clickhouse-event-store.ts';
import { type EmbeddedClickHouse, openEmbeddedClickHouse } from './embedded.ts';

describe('the embedded ClickHouse', () => {
  let directory: string;
  let embedded: EmbeddedClickHouse;
  let client: ClickHouseClient;
  const connect = () =>
    createClient({
      url: embedded.connection.url,
      use_multipart_params_auto: true,
      log: { level: ClickHouseLogLevel.OFF },
      ...(embedded.connection.agent === undefined ? {} : { http_agent: embedded.connection.agent }),
    });
  const rows = async (query: string, parameters: Record<string, unknown> = {}, settings = {}) => {
    const options = { query, query_params: parameters, clickhouse_settings: settings } as const;
    return (await client.query({ ...options, format: 'JSONEachRow' })).json<Record<string, unknown>>();
  };
  beforeEach(async () => {
    directory = await mkdtemp(path.join(os.tmpdir(), 'streamflow-chdb-'));
    embedded = await openEmbeddedClickHouse({ directory, log: silentLog, watchInterval: 50 });
    client = connect();
  });
  afterEach(async () => {
    await embedded.close();
    await rm(directory, { recursive: true, force: true });
  });

  it('takes parameters as values, whatever is in them, in the URL and in a form', async () => {
    const sql = 'SELECT {text:String} AS text, {list:Array(String)} AS list, {none:Nullable(String)} AS none';
    for (const text of [...hostileTexts, '', '\0', `${"'".repeat(3000)}\\`]) {
      const list = [text, "'],('"];
      expect(await rows(sql, { text, list, none: null })).toEqual([{ text, list, none: null }]);
      expect(await rows(sql, { text, list, none: text })).toEqual([{ text, list, none: text }]);
    }
  });

  it('keeps settings, databases and parameters of one request out of the next', async () => {
    const threads = "SELECT toString(getSetting('max_threads')) AS threads, currentDatabase() AS database";
    const before = await rows(threads);
    expect(await rows(threads, {}, { max_threads: 7 })).toEqual([{ threads: '7', database: 'default' }]);
    await expect(rows('SELECT 1', {}, { no_such_setting: 1 })).rejects.toMatchObject({ code: '115' });
    for (let i = 0; i < 6; i++) expect(await rows(threads)).toEqual(before);
  });

  it('answers wrong statements with the code and the name of the exception', async () => {
    await expect(rows('SELECT nothing_like_it')).rejects.toMatchObject({
      code: '47',
      type: 'UNKNOWN_IDENTIFIER',
    });
    await expect(rows('SELECT * FROM no_such_table')).rejects.toMatchObject({ code: '60' });
    await expect(rows("SELECT 'a")).rejects.toMatchObject({ code: '62', type: 'SYNTAX_ERROR' });
  });

  it('tells an error in the middle of a stream', async () => {
    const result = await client.query({
      query: "SELECT throwIf(number = 90000), repeat('x', 100) FROM numbers(100000)",
      format: 'JSONEachRow',
      clickhouse_settings: { max_block_size: '1000' },
    });
    const reading = async () => {
      for await (const _ of result.stream());
    };
    await expect(reading()).rejects.toMatchObject({ code: '395' });
  });

  it('ends a query whose client went away, and goes on inserting beside slow ones', async () => {
    const gone = new AbortController();
    const endless = 'SELECT count() FROM numbers(1000000000000) WHERE sipHash64(number) = 1';
    const slow = Array.from({ length: 5 }, () =>
      client
        .query({ query: endless, format: 'JSONEachRow', abort_signal: gone.signal })
        .then((result) => result.text()),
    );
    const settled = Promise.allSettled(slow);
    await client.command({ query: 'CREATE TABLE t (n UInt32) ENGINE = MergeTree ORDER BY n' });
    const started = Date.now();
    await client.insert({ table: 't', values: [{ n: 1 }], format: 'JSONEachRow' });
    expect(Date.now() - started).toBeLessThan(5000);
    gone.abort();
    await settled;
    // An ended query stays in the list until its connection is used again.
    const running =
      "SELECT count() AS n FROM system.processes WHERE query LIKE '%sipHash64%' AND NOT is_cancelled AND query NOT LIKE '%processes%'";
    await vi.waitFor(async () => expect(await rows(running)).toEqual([{ n: 0 }]), { timeout: 10_000 });
    const all = await Promise.all(Array.from({ length: 6 }, () => rows('SELECT 1 AS one')));
    expect(all).toEqual(Array.from({ length: 6 }, () => [{ one: 1 }]));
  });

  it('refuses a directory that another process has', async () => {
    const second = openEmbeddedClickHouse({ directory, log: silentLog, startDeadline: 1500 });
    await expect(second).rejects.toMatchObject({ code: 'ServiceUnavailable' });
  });

  it('starts again after kill -9 in the middle of inserts: every acknowledged event is there, once', async () => {
    const store = await openClickHouseEventStore({
      connection: embedded.connection,
      clock: systemClock,
      log: silentLog,
    });
    const blocks = Array.from({ length: 40 }, () =>
      blockOf(
        Array.from({ length: 500 }, () => makeEvent({ data: { page: '/a' } })),
        false,
      ),
    );
    let refused = 0;
    for (const [number, block] of blocks.entries()) {
      if (number % 13 === 5)
        setTimeout(() => embedded.pid !== undefined && process.kill(embedded.pid, 'SIGKILL'), 3);
      for (let stored = false; !stored; ) {
        try {
          await store.append(block);
          stored = true;
        } catch (error) {
          expect(error).toMatchObject({ code: 'ServiceUnavailable' });
          refused += 1;
          await new Promise((resolve) => setTimeout(resolve, 50));
        }
      }
    }
    expect(refused).toBeGreaterThan(0);
    expect(embedded.restarts).toBeGreaterThan(0);
    const counted = await rows('SELECT count() AS rows, uniqExact(id) AS ids FROM streamflow.events');
    expect(counted).toEqual([{ rows: 20_000, ids: 20_000 }]);
    await store.close();
  });

  it('says after kill -9 in the middle of a removal whether it was done, and then it is, as a whole', async () => {
    const store = await openClickHouseEventStore({
      connection: embedded.connection,
      clock: systemClock,
      log: silentLog,
    });
    const retention = { before: null, types: { old: Date.UTC(2026, 3, 2) } };
    const timestamp = '2026-04-01T00:00:00.000Z';
    const stored = async () =>
      Number((await rows("SELECT count() AS rows FROM streamflow.events WHERE type = 'old'"))[0]?.rows);
    const append = async (count: number): Promise<void> => {
      const events = Array.from({ length: count }, () => makeEvent({ type: 'old', timestamp }));
      await vi.waitFor(() => store.append(blockOf(events)), { timeout: 20_000, interval: 50 });
    };
    let kept = 0;
    let interrupted = 0;
    for (const delay of [0, 12, 25, 40]) {
      await append(2000);
      kept += 2000;
      const books = createTestBooks();
      const { pid } = embedded;
      books.before = async () =>
        void setTimeout(() => pid !== undefined && process.kill(pid, 'SIGKILL'), delay);
      await store.remove(retention, books).catch(() => {
        interrupted += 1;
      });
      await expect
        .poll(() => embedded.pid !== undefined && embedded.pid !== pid, { timeout: 20_000 })
        .toBe(true);
      // Events that come before anybody asks are of no removal.
      await append(10);
      kept += 10;
      for (const { lines } of books.ended) kept -= lines[0]?.count ?? 0;
      for (const { name, lines } of books.open.values()) {
        const isDone = await vi.waitFor(() => store.settle(name), { timeout: 20_000, interval: 50 });
        if (isDone) kept -= lines[0]?.count ?? 0;
      }
      expect(await stored()).toBe(kept);
    }
    expect(interrupted).toBeGreaterThan(0);
    expect((await store.remove(retention, createTestBooks())).events).toBe(kept);
    expect(await stored()).toBe(0);
    await store.close();
  });

  it('kills an engine that does not answer, and starts it again', async () => {
    await embedded.close();
    embedded = await openEmbeddedClickHouse({
      directory,
      log: silentLog,
      watchInterval: 50,
      hangDeadline: 300,
    });
    client = connect();
    const { pid } = embedded;
    if (pid === undefined) throw new Error('The engine is not there');
    process.kill(pid, 'SIGSTOP');
    await vi.waitFor(() => expect(embedded.restarts).toBe(1), { timeout: 20_000 });
    expect(embedded.pid).not.toBe(pid);
    expect(await rows('SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });

  it('kills an engine that answers but fails whatever it is asked, and so brings it back', async () => {
    await embedded.close();
    embedded = await openEmbeddedClickHouse({ directory, log: silentLog, brokenDeadline: 300 });
    client = connect();
    const store = await openClickHouseEventStore({
      connection: embedded.connection,
      clock: systemClock,
      log: silentLog,
    });
    const event = makeEvent({ data: { page: '/a' } });
    await store.append(blockOf([event], false));
    // As after a start that could not load its tables: until the next start it is not there.
    await client.command({ query: 'DETACH TABLE streamflow.events' });
    await vi.waitFor(async () => expect(await store.get(event.project, event.id)).not.toBeNull(), {
      timeout: 20_000,
    });
    expect(embedded.restarts).toBe(1);
    await store.close();
  });
});
