import type { Log } from '../../../domain/log.ts';
import { migrations } from './migrations.sql.ts';
import type { Statements } from './statements.ts';

const createVersions = `
CREATE TABLE IF NOT EXISTS schema_migrations (version UInt32, name String, applied_at DateTime64(3, 'UTC') DEFAULT now64(3))
ENGINE = MergeTree ORDER BY version
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1`;

/**
 * Brings the schema to the latest version: numbered, forward only, each step safe to run again, since a step and the
 * row that records it are not one transaction here.
 */
export async function migrate(statements: Statements, log: Log): Promise<void> {
  await statements.command(createVersions);
  const rows = await statements.rows('SELECT version FROM schema_migrations', {});
  const applied = new Set(rows.map((row) => Number(row.version)));
  for (const { version, name, statements: steps } of migrations) {
    if (applied.has(version)) continue;
    for (const step of steps) await statements.command(step);
    await statements.command(
      'INSERT INTO schema_migrations (version, name) SELECT {version:UInt32}, {name:String}',
      { version, name },
    );
    log.info('Migrated the event store', { version, name });
  }
}
