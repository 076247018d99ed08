import { join } from 'node:path';

/** What is kept in the data directory, each only where an embedded engine needs it. */
export const dataFiles = (dataDir: string) => ({
  records: join(dataDir, 'records.sqlite'),
  events: join(dataDir, 'events'),
  bus: join(dataDir, 'bus'),
  jwtSecret: join(dataDir, 'jwt-secret'),
  /** Where commands find the process that runs on the data. */
  controlSocket: join(dataDir, 'control.sock'),
});
