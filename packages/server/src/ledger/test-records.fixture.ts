import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '../domain/clock.ts';
import { silentLog } from '../domain/log.ts';
import type { RecordStore } from '../engines/record-store/port.ts';
import { openSqliteRecordStore } from '../engines/record-store/sqlite/sqlite-record-store.ts';

/** Real records in a file of their own. */
export interface TestRecords {
  readonly store: RecordStore;
  readonly file: string;
  close(): Promise<void>;
}

export async function openTestRecords(clock: Clock): Promise<TestRecords> {
  const directory = await mkdtemp(join(tmpdir(), 'streamflow-ledger-'));
  const file = join(directory, 'records.sqlite');
  const store = await openSqliteRecordStore({ file, log: silentLog, clock });
  return {
    store,
    file,
    async close() {
      await store.close();
      await rm(directory, { recursive: true });
    },
  };
}
