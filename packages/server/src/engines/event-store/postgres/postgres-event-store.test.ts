import { describe, test } from 'vitest';
import { systemClock } from '../../../domain/clock.ts';
import { silentLog } from '../../../domain/log.ts';
import { openPostgres } from '../../postgres/open-postgres.ts';
import { canUseServer, createTestDatabase, serverName } from '../../postgres/test-database.fixture.ts';
import { describeEventStore } from '../event-store.contract.ts';
import { openPostgresEventStore } from './postgres-event-store.ts';

if (await canUseServer()) {
  describeEventStore('PostgreSQL', async () => {
    const database = await createTestDatabase();
    const open = async () => {
      const postgres = openPostgres({
        url: database.url,
        poolSize: 4,
        maxOverflow: 0,
        applicationName: 'streamflow test',
        echo: false,
        log: silentLog,
      });
      const store = await openPostgresEventStore({ postgres, clock: systemClock, log: silentLog });
      return { postgres, store };
    };
    let current = await open();
    const close = async () => {
      await current.store.close();
      await current.postgres.close();
    };
    return {
      store: current.store,
      async reopen() {
        await close();
        current = await open();
        return current.store;
      },
      async close() {
        await close();
        await database.drop();
      },
    };
  });
} else {
  describe('PostgreSQL keeps the contract of the event store', () => {
    test.skip(`needs a PostgreSQL server at ${serverName}`, () => {});
  });
}
