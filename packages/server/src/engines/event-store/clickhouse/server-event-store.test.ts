import { randomUUID } from 'node:crypto';
import { systemClock } from '../../../domain/clock.ts';
import { silentLog } from '../../../domain/log.ts';
import { describeEventStore } from '../event-store.contract.ts';
import { startChdbServer } from './chdb-server.fixture.ts';
import { openClickHouseEventStore } from './clickhouse-event-store.ts';
import { openClickHouseServer } from './server.ts';

describeEventStore('ClickHouse as a server', async () => {
  const server = await startChdbServer();
  const open = async () => {
    const connection = await openClickHouseServer({
      url: `http://${server.host}:${server.port}`,
      newId: randomUUID,
      log: silentLog,
    });
    return openClickHouseEventStore({ connection, clock: systemClock, log: silentLog });
  };
  let store = await open();
  return {
    store,
    async reopen() {
      await store.close();
      store = await open();
      return store;
    },
    async close() {
      await store.close();
      await server.close();
    },
  };
});
