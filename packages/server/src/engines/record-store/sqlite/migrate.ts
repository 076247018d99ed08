import type { Database } from 'better-sqlite3';
import { StreamFlowError } from '../../../domain/errors.ts';
import { recordMigrations } from '../sql/migrations.ts';
import { sqliteSchema } from './dialect.ts';
import type { Migration } from './migration.ts';

export const migrations: readonly Migration[] = recordMigrations.map(({ version, sql }) => ({
  version,
  sql: sql(sqliteSchema),
}));

/**
 * Brings the schema to the latest version, inside the write transaction of the caller: of several processes that start
 * at the same moment the first does the work and the others find it done.
 * @returns the version before and after.
 */
export function migrate(
  db: Database,
  steps: readonly Migration[] = migrations,
): { readonly from: number; readonly to: number } {
  db.exec('create table if not exists schema_version (version integer not null) strict');
  const row = db.prepare<[], number>('select version from schema_version').pluck().get();
  if (row === undefined) db.exec('insert into schema_version (version) values (0)');
  const from = row ?? 0;
  const to = steps.at(-1)?.version ?? 0;
  if (from > to) {
    throw new StreamFlowError(
      'InternalError',
      `The records in ${db.name} have schema ${from}, made by a later version of StreamFlow; this one knows ${to}`,
    );
  }
  for (const step of steps) {
    if (step.version <= from) continue;
    db.exec(step.sql);
    db.prepare('update schema_version set version = ?').run(step.version);
  }
  return { from, to };
}
