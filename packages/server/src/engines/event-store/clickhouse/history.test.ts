import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../../domain/clock.ts';
import { silentLog } from '../../../domain/log.ts';
import { isErrorEvent } from '../../../domain/queries/matches-filter.ts';
import { blockOf, makeEvent, minute, noon } from '../event-fixtures.contract.ts';
import { openClickHouseEventStore } from './clickhouse-event-store.ts';
import { type EmbeddedClickHouse, openEmbeddedClickHouse } from './embedded.ts';
import { readHistory } from './history.ts';
import { createStatements, type Statements } from './statements.ts';

const project = 'history';
const events = Array.from({ length: 600 }, (_, i) =>
  makeEvent({
    project,
    timestamp: new Date(noon + i * 1700).toISOString(),
    type: i % 7 === 0 ? 'error' : 'web.click',
    user_id: i % 5 === 0 ? null : `user ${i % 13}`,
  }),
);
const filter = { project, start: noon + 30_000, end: noon + 16 * minute + 500 };

let directory: string;
let embedded: EmbeddedClickHouse;
let statements: Statements;
const limits = { seconds: 30, memory: 500_000_000, threads: 1 };
beforeAll(async () => {
  directory = await mkdtemp(path.join(os.tmpdir(), 'streamflow-history-'));
  embedded = await openEmbeddedClickHouse({ directory, log: silentLog });
  const { connection } = embedded;
  const store = await openClickHouseEventStore({ connection, clock: systemClock, log: silentLog });
  await store.append(blockOf(events));
  await store.close();
  statements = createStatements({ connection, database: 'streamflow', limits });
});
afterAll(async () => {
  await statements.close();
  await embedded.close();
  await rm(directory, { recursive: true, force: true });
});

function recount() {
  const expected = new Map<number, typeof events>();
  for (const event of events) {
    const time = Date.parse(event.timestamp);
    if (time < filter.start || time >= filter.end) continue;
    const bucket = Math.floor(time / minute) * minute;
    expected.set(bucket, [...(expected.get(bucket) ?? []), event]);
  }
  return [...expected].map(([timestamp, members]) => ({
    timestamp,
    events: members.length,
    uniqueUsers: new Set(members.flatMap(({ user_id }) => user_id ?? [])).size,
    errors: members.filter(isErrorEvent).length,
  }));
}

describe('a history in slices', () => {
  it.each([
    ['of which each has several intervals', { largest: 100, smallest: 10, atOnce: 2 }],
    ['of an interval each', { largest: 20, smallest: 10, atOnce: 3 }],
    ['that are one', { largest: 10_000, smallest: 10_000, atOnce: 2 }],
  ])('is the recount of the events, %s', async (_, sizes) => {
    expect(await readHistory(statements, { filter, interval: minute }, {}, sizes)).toEqual(recount());
  });

  it('is counted whole where a slice does not fit into memory', async () => {
    const asked: string[] = [];
    const cramped: Statements = {
      ...statements,
      rows(sql, parameters, options = {}) {
        asked.push(sql);
        const memory = sql.includes('groupArray') ? { max_memory_usage: '1' } : {};
        return statements.rows(sql, parameters, { ...options, settings: { ...options.settings, ...memory } });
      },
    };
    const sizes = { largest: 100, smallest: 10, atOnce: 2 };
    expect(await readHistory(cramped, { filter, interval: minute }, {}, sizes)).toEqual(recount());
    expect(asked.some((sql) => sql.includes('groupArray'))).toBe(true);
  });

  it('rejects when a slice does', async () => {
    const signal = AbortSignal.abort(new Error('gone'));
    await expect(readHistory(statements, { filter, interval: minute }, { signal })).rejects.toThrow('gone');
  });
});
