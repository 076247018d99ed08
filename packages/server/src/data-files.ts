import { join } from 'node:path';

/** The first file that a start makes in its data directory, and one that is always there afterwards. */
export const recordsFile = (dataDir: string): string => join(dataDir, 'records.sqlite');
