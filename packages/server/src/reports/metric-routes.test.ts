import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, describe, test } from 'vitest';
import { systemClock } from '../domain/clock.ts';
import { silentLog } from '../domain/log.ts';
import { openClickHouseEventStore } from '../engines/event-store/clickhouse/clickhouse-event-store.ts';
import { openEmbeddedClickHouse } from '../engines/event-store/clickhouse/embedded.ts';
import { createTestStores } from '../engines/event-store/postgres/postgres-event-store.fixture.ts';
import { canUseServer, serverName } from '../engines/postgres/test-database.fixture.ts';
import { describeMetricRoutes } from './metric-routes.contract.ts';

const closing: (() => Promise<void>)[] = [];
afterAll(async () => {
  for (const close of closing.reverse()) await close();
});

describeMetricRoutes('embedded ClickHouse', async () => {
  const directory = await mkdtemp(path.join(os.tmpdir(), 'streamflow-metric-routes-'));
  closing.push(() => rm(directory, { recursive: true, force: true }));
  const embedded = await openEmbeddedClickHouse({ directory, log: silentLog });
  closing.push(() => embedded.close());
  const { connection } = embedded;
  const store = await openClickHouseEventStore({ connection, clock: systemClock, log: silentLog });
  closing.push(() => store.close());
  return store;
});

if (await canUseServer())
  describeMetricRoutes('PostgreSQL', async () => {
    const stores = await createTestStores();
    closing.push(() => stores.close());
    return stores.open();
  });
else
  describe('with PostgreSQL', () => {
    test.skip(`needs a PostgreSQL server at ${serverName}`, () => {});
  });
