import type { RecordMigration } from './dialect.ts';
import { usersKeysSettings } from './migrations/0001-users-keys-settings.ts';

/** The schema of all records, step by step, for every dialect. */
export const recordMigrations: readonly RecordMigration[] = [usersKeysSettings];
