import { StreamFlowError } from '../../domain/errors.ts';
import type { Log } from '../../domain/log.ts';
import type { Postgres, Statements } from './postgres.ts';

/** One step forward. There are no steps back. */
export interface Migration {
  /** Counts from 1 without gaps, in each store by itself. */
  readonly version: number;
  readonly name: string;
  /** Statements separated by semicolons, run in one transaction. */
  readonly sql: string;
  /**
   * The oldest version whose program can work with the schema after this step, so that replicas of two versions can run
   * side by side while they are replaced; the version before unless given.
   */
  readonly worksWith?: number;
}

export interface MigrateOptions {
  readonly postgres: Postgres;
  /** Whose migrations these are; stores in one database have each their own sequence. */
  readonly store: string;
  readonly migrations: readonly Migration[];
  readonly log: Log;
}

/** Milliseconds: a step may rewrite a large table, and a replica waits for the one that does it. */
const stepTimeoutMs = 3_600_000;

/*
 * `create table if not exists` fails when two do it at the same moment, so everything is done under a lock. It is a lock
 * of the transaction, which a broken connection gives back, and which works through a pooler of transactions too.
 */
const lock = `select pg_advisory_xact_lock(hashtextextended('streamflow migrations of ' || current_schema(), 0))`;
const createTable = `
create table if not exists streamflow_migrations (
  store text not null,
  version integer not null,
  name text not null,
  works_with integer not null,
  applied_at timestamptz not null default now(),
  primary key (store, version)
)`;

/**
 * Brings a store's part of the schema to the latest version, a step a transaction. Of several processes that start at
 * the same moment one does each step and the others find it done. A schema made by a later version is taken when it
 * says that it works with this one.
 */
export async function migrate({ postgres, store, migrations, log }: MigrateOptions): Promise<void> {
  const known = migrations.at(-1)?.version ?? 0;
  const inLock = <T>(work: (statements: Statements) => Promise<T>): Promise<T> =>
    postgres.transaction(
      async (statements) => {
        await statements.query(lock);
        return work(statements);
      },
      { timeoutMs: stepTimeoutMs },
    );

  const applied = await inLock(async (statements) => {
    await statements.query(createTable);
    const { rows } = await statements.query(
      'select version, works_with from streamflow_migrations where store = $1 order by version',
      [store],
    );
    return rows.map((row) => ({ version: Number(row.version), worksWith: Number(row.works_with) }));
  });
  const incompatible = applied.find(({ version, worksWith }) => version > known && worksWith > known);
  if (incompatible !== undefined) {
    throw new StreamFlowError(
      'InternalError',
      `The ${store} schema has version ${incompatible.version}, made by a later version of StreamFlow; this one knows ${known}`,
    );
  }
  const latest = applied.at(-1)?.version ?? 0;
  for (const step of migrations) {
    if (step.version <= latest) continue;
    await inLock(async (statements) => {
      const { version, name, worksWith = version - 1 } = step;
      // The row first: it says whether another process was faster.
      const { count } = await statements.query(
        'insert into streamflow_migrations (store, version, name, works_with) values ($1, $2, $3, $4) on conflict do nothing',
        [store, version, name, worksWith],
      );
      if (count === 0) return;
      await statements.query(step.sql);
      log.info('Migrated', { store, version, name });
    });
  }
}
