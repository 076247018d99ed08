import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { silentLog } from '../../domain/log.ts';
import { alerts } from '../../domain/records/alerts.ts';
import { startTestServer, type TestServer } from '../../http/server.fixture.ts';
import { openTestRecords, type TestRecords } from '../../ledger/test-records.fixture.ts';
import { alertRoutes } from './alert-routes.ts';

const begin = Date.UTC(2026, 0, 1);
const second = 1000;
const made = 10_500;
const levels = ['warning', 'error', 'critical'] as const;

describe('more alerts than a list has ever shown', () => {
  let records: TestRecords;
  let server: TestServer;
  const get = async (url: string) =>
    (await server.app.inject({ url, headers: { authorization: 'Bearer local' } })).json();

  beforeAll(async () => {
    records = await openTestRecords({ now: () => begin });
    const rule = randomUUID();
    await records.store.transaction(async (tx) => {
      for (let n = 0; n < made; n++) {
        const firedAt = begin + n * second;
        const status = n % 4 === 0 ? 'firing' : 'resolved';
        const level = levels[n % levels.length] ?? 'warning';
        await tx.insert(alerts, {
          project: 'default',
          id: randomUUID(),
          rule_id: rule,
          level,
          status,
          fired_at: firedAt,
          told_channels: [],
          body: {
            rule_id: rule,
            rule_name: n < 100 ? 'Early' : 'Late',
            description: null,
            level,
            status,
            group: {},
            tags: [],
            fired_at: new Date(firedAt).toISOString(),
            notified_at: null,
            acknowledged_at: n % 2 === 0 ? new Date(firedAt + 10 * second).toISOString() : null,
            acknowledged_by: null,
            escalated_at: null,
            resolved_at: status === 'resolved' ? new Date(firedAt + 60 * second).toISOString() : null,
            explanation: {
              condition: 'error_count > 0',
              threshold: 0,
              value: 1,
              window: {
                start: new Date(firedAt - 60 * second).toISOString(),
                end: new Date(firedAt).toISOString(),
              },
              contributors: [],
              events_query: '',
            },
            timeline: [],
          },
        });
      }
    });
    const clock = { now: () => begin };
    server = await startTestServer(
      alertRoutes({ records: records.store, clock, newId: randomUUID, log: silentLog, tell: () => {} }),
    );
  });
  afterAll(async () => {
    await server.close();
    await records.close();
  });

  it('are all counted, and the last page is the oldest', async () => {
    const { data, pagination } = await get('/alerts?limit=1000&page=11');
    expect(pagination).toEqual({
      page: 11,
      page_size: 1000,
      total: made,
      pages: 11,
      has_next: false,
      has_prev: true,
    });
    expect(data).toHaveLength(500);
    expect(data.at(-1)).toMatchObject({ fired_at: new Date(begin).toISOString(), rule_name: 'Early' });
    const { data: stats } = await get('/alerts/stats');
    expect(stats).toMatchObject({
      total: made,
      by_status: { firing: made / 4, resolved: (made / 4) * 3 },
      by_rule: { Early: 100, Late: made - 100 },
      acknowledged_after_seconds: 10,
      resolved_after_seconds: 60,
    });
  });

  it('are counted within a time, with its start and without its end', async () => {
    const span = `start=${new Date(begin + second).toISOString()}&end=${new Date(begin + 9 * second).toISOString()}`;
    const { data, pagination } = await get(`/alerts?${span}&status=firing`);
    expect(pagination.total).toBe(2);
    expect(data.map(({ fired_at }: { fired_at: string }) => Date.parse(fired_at) - begin)).toEqual([
      8 * second,
      4 * second,
    ]);
    expect((await get(`/alerts/stats?${span}`)).data.total).toBe(8);
    expect((await get(`/alerts/stats?${span}`)).data.by_status).toEqual({ firing: 2, resolved: 6 });
  });
});
