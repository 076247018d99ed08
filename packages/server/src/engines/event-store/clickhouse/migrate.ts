import type { Log } from '../../../domain/log.ts';
import { type Layout, tableEngine } from './layout.ts';
import { migrationsFor } from './migrations.sql.ts';
import type { Statements } from './statements.ts';

export const createDatabase = (database: string, layout: Layout): string =>
  `CREATE DATABASE IF NOT EXISTS ${database}${layout.onCluster}`;

const createVersions = (layout: Layout): string => `
CREATE TABLE IF NOT EXISTS schema_migrations${layout.onCluster} (version UInt32, name String, applied_at DateTime64(3, 'UTC') DEFAULT now64(3))
${tableEngine(layout)} ORDER BY version
SETTINGS ${layout.durable}`;

/**
 * Brings the schema to the latest version: numbered, forward only, each step safe to run again, since a step and the
 * row that records it are not one transaction here. Replicas that start at once do the steps side by side.
 */
export async function migrate(statements: Statements, layout: Layout, log: Log): Promise<void> {
  await statements.command(createVersions(layout));
  const rows = await statements.rows('SELECT version FROM schema_migrations', {});
  const applied = new Set(rows.map((row) => Number(row.version)));
  for (const { version, name, statements: steps } of migrationsFor(layout)) {
    if (applied.has(version)) continue;
    for (const step of steps) await statements.command(step);
    await statements.command(
      'INSERT INTO schema_migrations (version, name) SELECT {version:UInt32}, {name:String}',
      { version, name },
    );
    log.info('Migrated the event store', { version, name });
  }
}
