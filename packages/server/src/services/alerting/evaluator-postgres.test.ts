import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import { silentLog } from '../../domain/log.ts';
import { alerts } from '../../domain/records/alerts.ts';
import { openPostgres } from '../../engines/postgres/open-postgres.ts';
import {
  canUseServer,
  createTestDatabase,
  serverName,
  type TestDatabase,
} from '../../engines/postgres/test-database.fixture.ts';
import { openPostgresRecordStore } from '../../engines/record-store/postgres/postgres-record-store.ts';
import {
  addChannel,
  addRule,
  begin,
  createManualTime,
  createTestEvaluator,
  createTestLive,
  project,
} from './alerting.fixture.ts';

if (await canUseServer()) {
  describe('evaluators that share PostgreSQL', () => {
    let database: TestDatabase;
    beforeAll(async () => {
      database = await createTestDatabase();
    });
    afterAll(() => database.drop());

    it('tell of an alert once, and of its end, though the one that began it is gone', async () => {
      const time = createManualTime();
      const live = createTestLive();
      const open = async () => {
        const postgres = openPostgres({
          url: database.url,
          poolSize: 2,
          maxOverflow: 2,
          applicationName: 'streamflow test',
          echo: false,
          log: silentLog,
        });
        const records = await openPostgresRecordStore({
          postgres,
          log: silentLog,
          clock: time.clock,
          random: Math.random,
        });
        return { records, close: () => records.close().then(() => postgres.close()) };
      };
      const [one, two] = [await open(), await open()];
      await addChannel(one.records, 'webhook', 'oncall');
      await addRule(one.records, { group_by: ['source'], description: 'Zu viele Fehler' });
      const first = createTestEvaluator({ records: one.records, live, time });
      const second = createTestEvaluator({ records: two.records, live, time });
      const turn = async () => {
        await time.pass(1000);
        live.watermark += 1000;
        // One after the other: who asks first is the evaluator.
        await first.evaluator.turn();
        await second.evaluator.turn();
      };
      for (let n = 0; n < 3; n++) live.measure('error_count', begin + 1000, 1, { source: 'api' });
      for (let turns = 0; turns < 4; turns++) await turn();
      await expect.poll(() => first.outcomes).toEqual(['delivered']);
      expect([first.evaluator.isActive(), second.evaluator.isActive()]).toEqual([true, false]);
      for (let turns = 0; turns < 12; turns++) {
        await time.pass(1000);
        live.watermark += 1000;
        await second.evaluator.turn();
      }
      await expect.poll(() => second.outcomes).toEqual(['delivered']);
      expect([...first.sent, ...second.sent].map(({ message }) => message.kind)).toEqual([
        'firing',
        'resolved',
      ]);
      const { records: stored } = await two.records.list(alerts, { project, limit: 10 });
      expect(stored).toMatchObject([
        { status: 'resolved', body: { group: { source: 'api' }, description: 'Zu viele Fehler' } },
      ]);
      await Promise.all([one.close(), two.close()]);
    });
  });
} else {
  test.skip(`evaluators that share PostgreSQL: no server at ${serverName}`, () => {});
}
