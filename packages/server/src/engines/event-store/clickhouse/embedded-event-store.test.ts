import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { systemClock } from '../../../domain/clock.ts';
import { silentLog } from '../../../domain/log.ts';
import { describeEventStore } from '../event-store.contract.ts';
import { openClickHouseEventStore } from './clickhouse-event-store.ts';
import { openEmbeddedClickHouse } from './embedded.ts';

describeEventStore('Embedded ClickHouse', async () => {
  const directory = await mkdtemp(path.join(os.tmpdir(), 'streamflow-events-'));
  const open = async () => {
    const embedded = await openEmbeddedClickHouse({ directory, log: silentLog });
    const { connection } = embedded;
    const store = await openClickHouseEventStore({ connection, clock: systemClock, log: silentLog });
    return { embedded, store };
  };
  let current = await open();
  const close = async () => {
    await current.store.close();
    await current.embedded.close();
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
      await rm(directory, { recursive: true, force: true });
    },
  };
});
