import { setTimeout as pause } from 'node:timers/promises';
import type { Clock } from '../../../domain/clock.ts';
import { unavailable } from '../../../domain/errors.ts';
import { minuteMs } from '../../../domain/ledger/minute.ts';
import type { Log } from '../../../domain/log.ts';
import { allKeptFrom, keptFrom, type Retention } from '../../../domain/retention/retention.ts';
import type { Removal, RemovalBooks, RetentionResult } from '../port.ts';
import type { Appending } from './append.ts';
import { momentSql } from './filter-sql.ts';
import { unrepeated } from './id-list-sql.ts';
import type { Layout } from './layout.ts';
import { SqlParameters } from './sql-parameters.ts';
import type { Row, Statements } from './statements.ts';

export interface RemovingOptions {
  readonly statements: Statements;
  readonly database: string;
  readonly layout: Layout;
  readonly appending: Pick<Appending, 'exclusively'>;
  readonly clock: Clock;
  readonly log: Log;
  /** Makes names that no other process makes. */
  readonly newId: () => string;
  /** Milliseconds from the receipt of an event for which its id stays known. */
  readonly horizonMs: number;
}

export interface Removing {
  remove(
    retention: Retention,
    books: RemovalBooks,
    signal: AbortSignal | undefined,
  ): Promise<RetentionResult>;
  settle(name: string, signal: AbortSignal | undefined): Promise<boolean>;
}

/*
 * Events go a partition at a time. Their rows are marked as removed (a lightweight delete); where no row is left then, the
 * partition is dropped, and its disk space is free. Elsewhere that is so when a marked part is merged.
 *
 *   counted ── entered in the books ──> begun ── appends wait: counted again, the same ──> submitted ──> done
 *
 * ClickHouse has no transactions. But a mutation that is submitted is on disk and will be done, also after a crash, to what
 * was there by then and to nothing that comes later. Its condition has the name of the removal in it, which tells
 * whoever finds the removal begun whether it was submitted. Dropping a partition could not be told so: part by part is it
 * made void, and numbers of blocks come again after a restart.
 */

/** Time from one look at a mutation to the next, milliseconds. */
const lookMs = 50;
/** Longest time to wait for a mutation; it goes on, and is waited for again the next time. */
const patienceMs = 600_000;
const mostTries = 3;

interface Condition {
  readonly sql: string;
  readonly parameters: SqlParameters;
}

export function createRemoving(options: RemovingOptions): Removing {
  const { statements, database, layout, appending, clock, log, newId, horizonMs } = options;

  const ask = (sql: string, { values }: SqlParameters): Promise<Row[]> =>
    statements.rows(sql, values, { settings: unrepeated });

  async function remove(
    retention: Retention,
    books: RemovalBooks,
    signal: AbortSignal | undefined,
  ): Promise<RetentionResult> {
    // Nothing is begun by a process that may not go on.
    await appending.exclusively('retention', async () => undefined);
    let events = 0;
    const touched = await partitionsWith(retention);
    for (const partition of touched) {
      signal?.throwIfAborted();
      events += await removePart(retention, partition, books, signal);
    }
    const partitions = await dropEmptied(touched);
    if (events > 0) log.info('Removed events by retention', { events, partitions });
    return { events, partitions };
  }

  /** Partitions in which something goes. */
  async function partitionsWith(retention: Retention): Promise<readonly string[]> {
    const condition = await goingSql(retention);
    if (condition === null) return [];
    const rows = await ask(
      `SELECT DISTINCT _partition_id AS partition FROM events WHERE ${condition.sql} ORDER BY partition`,
      condition.parameters,
    );
    return rows.map(({ partition }) => String(partition));
  }

  /** What goes; null when nothing does. */
  async function goingSql(retention: Retention): Promise<Condition | null> {
    const latest = allKeptFrom(retention);
    if (latest === null) return null;
    const before = new SqlParameters();
    const rows = await ask(
      `SELECT DISTINCT type FROM events WHERE timestamp < ${momentSql(before, latest)} ORDER BY type`,
      before,
    );
    const byLimit = new Map<number, string[]>();
    for (const type of rows.map((row) => String(row.type))) {
      const limit = keptFrom(retention, type);
      if (limit !== null) byLimit.set(limit, [...(byLimit.get(limit) ?? []), type]);
    }
    if (byLimit.size === 0) return null;
    const parameters = new SqlParameters();
    const alternatives = [...byLimit].map(
      ([limit, types]) =>
        `(timestamp < ${momentSql(parameters, limit)} AND type IN ${parameters.add('Array(String)', types)})`,
    );
    return { sql: `(${alternatives.join(' OR ')})`, parameters };
  }

  /** Removes what goes in a partition; gives the number of events, 0 when more came again and again meanwhile. */
  async function removePart(
    retention: Retention,
    partition: string,
    books: RemovalBooks,
    signal: AbortSignal | undefined,
  ): Promise<number> {
    for (let tries = 1; tries <= mostTries; tries += 1) {
      const condition = await goingSql(retention);
      if (condition === null) return 0;
      const lines = await countLines(condition, partition);
      if (lines.length === 0) return 0;
      const name = newId();
      await books.begin({ name, lines });
      const isSubmitted = await appending.exclusively(name, async (mayChange) => {
        if (JSON.stringify(lines) !== JSON.stringify(await countLines(condition, partition))) return false;
        await keepIds(condition, partition, mayChange);
        mayChange();
        await statements.command(
          `DELETE FROM events${layout.onCluster} IN PARTITION ID '${partition}' WHERE ${condition.sql} AND '${name}' != ''`,
          condition.parameters.values,
          layout.removalSettings,
        );
        return true;
      });
      if (!isSubmitted) {
        await books.cancel(name);
        continue;
      }
      await mutated(name, signal);
      await books.end(name);
      return lines.reduce((sum, { count }) => sum + count, 0);
    }
    return 0;
  }

  const within = ({ sql, parameters }: Condition, partition: string): string =>
    `_partition_id = ${parameters.add('String', partition)} AND ${sql}`;

  async function countLines(condition: Condition, partition: string): Promise<Removal['lines']> {
    const rows = await ask(
      `SELECT project, intDiv(toUnixTimestamp64Milli(received_at), ${minuteMs}) AS minute, count() AS lines ` +
        `FROM events WHERE ${within(condition, partition)} GROUP BY project, minute ORDER BY project, minute`,
      condition.parameters,
    );
    return rows.map((row) => ({
      project: String(row.project),
      minute: Number(row.minute) * minuteMs,
      count: Number(row.lines),
    }));
  }

  /** Ids of the horizon stay known. Written twice, after a crash, they are no less known. */
  async function keepIds(condition: Condition, partition: string, mayChange: () => void): Promise<void> {
    const { parameters } = condition;
    const horizon = `received_at >= ${momentSql(parameters, clock.now() - horizonMs)}`;
    const known = `FROM events WHERE ${within(condition, partition)} AND ${horizon}`;
    const [row] = await ask(`SELECT count() AS ids ${known}`, parameters);
    if (Number(row?.ids) === 0) return;
    mayChange();
    const seconds = parameters.add('UInt32', Math.ceil(horizonMs / 1000));
    await statements.command(
      `INSERT INTO removed_ids SELECT project, id, received_at, toDateTime(received_at, 'UTC') + ${seconds} ${known}`,
      parameters.values,
    );
  }

  /** Drops those of the partitions whose rows are all removed, and others that a crash left. */
  async function dropEmptied(touched: readonly string[]): Promise<readonly string[]> {
    const parameters = new SqlParameters();
    const rows = await ask(
      "SELECT DISTINCT partition_id AS partition FROM system.parts WHERE active AND has_lightweight_delete AND table = 'events' " +
        `AND database = ${parameters.add('String', database)} ORDER BY partition`,
      parameters,
    );
    const dropped: string[] = [];
    for (const partition of new Set([...touched, ...rows.map((row) => String(row.partition))])) {
      const isDropped = await appending.exclusively(`drop ${partition}`, async (mayChange) => {
        const own = new SqlParameters();
        const sql = `SELECT count() AS kept FROM events WHERE _partition_id = ${own.add('String', partition)}`;
        const [row] = await ask(sql, own);
        if (Number(row?.kept) > 0) return false;
        mayChange();
        await statements.command(
          `ALTER TABLE events${layout.onCluster} DROP PARTITION ID '${partition}'`,
          {},
          layout.removalSettings,
        );
        return true;
      });
      if (isDropped) dropped.push(partition);
    }
    return dropped;
  }

  async function mutationOf(name: string): Promise<Row | undefined> {
    const parameters = new SqlParameters();
    const [row] = await ask(
      'SELECT count() AS found, countIf(NOT is_done) AS unfinished, anyIf(latest_fail_reason, NOT is_done) AS reason ' +
        `FROM ${layout.mutations} WHERE table = 'events' AND database = ${parameters.add('String', database)} ` +
        `AND position(command, ${parameters.add('String', name)}) > 0`,
      parameters,
    );
    return row;
  }

  const isMutation = async (name: string): Promise<boolean> => Number((await mutationOf(name))?.found) > 0;

  /** Waits for a mutation to be done. */
  async function mutated(name: string, signal: AbortSignal | undefined): Promise<void> {
    const until = clock.now() + patienceMs;
    for (;;) {
      signal?.throwIfAborted();
      const row = await mutationOf(name);
      if (Number(row?.unfinished) === 0) return;
      if (clock.now() > until)
        throw unavailable(`Removing events is not done yet: ${String(row?.reason) || 'it goes on'}`);
      await pause(lookMs);
    }
  }

  return {
    remove,
    // In a turn, so that no other process may still submit it.
    async settle(name, signal) {
      const isSubmitted = await appending.exclusively(name, () => isMutation(name));
      if (isSubmitted) await mutated(name, signal);
      return isSubmitted;
    },
  };
}
