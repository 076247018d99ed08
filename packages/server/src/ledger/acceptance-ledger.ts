import type { Clock } from '../domain/clock.ts';
import { minuteMs } from '../domain/ledger/minute.ts';
import type { Log } from '../domain/log.ts';
import { ledgerAccepted, ledgerEntries, ledgerProcesses } from '../domain/records/ledger.ts';
import { settings } from '../domain/records/settings.ts';
import type { Timers } from '../domain/timers.ts';
import type { RecordStore, RecordTransaction } from '../engines/record-store/port.ts';
import { createMinuteCounts, type MinuteCount, type MinuteCounts } from './minute-counts.ts';

/*
 * What a process accepted, on its way into the records.
 *
 *   (none) ──start──▶ open ──every 2 s: counts and counted_to──▶ open ──stop: the last counts──▶ closed
 *                      │
 *                      └──kill──▶ open for ever, or `crashed` once the next process on the same data starts
 *
 * - `counted_to` is written in the transaction of the counts: all that was received before it is answered and in them.
 *   With something pending it is the start of the earliest minute that has it; with nothing, the present.
 * - Counts are written as they stand, not as differences, so that a write of unknown outcome may be repeated.
 * - A crash leaves uncounted what was accepted since the last write: from `counted_to` on, and until shortly after
 *   `written_at`. `verify` says so for these minutes alone.
 * - The process is on record before it accepts anything: no crash goes unnoticed. One that accepted nothing leaves
 *   nothing behind.
 */

/** Where what belongs to the installation and to no project is recorded. */
export const installation = 'default';
/** The setting that says since when there is a ledger, milliseconds since the epoch. */
export const ledgerSince = 'ledger.since';

/** How often counts are written, milliseconds. */
const writeEveryMs = 2000;
/** A count is let go so long after its minute, when nothing is left to be written, milliseconds. */
const keptMs = 2 * minuteMs;

export interface AcceptanceLedgerOptions {
  readonly records: RecordStore;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly newId: () => string;
  /** What a person is to call this process. */
  readonly name: string;
  readonly log: Log;
  /** Whether no other process can be at work on the same records and bus, so that whoever is on record as open is dead. */
  readonly alone: boolean;
}

export interface AcceptanceLedger {
  readonly counts: MinuteCounts;
  /** Puts the process on record; nothing may be accepted before it resolves. */
  start(): Promise<void>;
  /** Writes the last counts, to be called when nothing is pending any more; rejects when they cannot be written. */
  stop(): Promise<void>;
}

interface Written {
  readonly accepted: number;
  readonly unanswered: number;
}

export function createAcceptanceLedger(options: AcceptanceLedgerOptions): AcceptanceLedger {
  const { records, clock, timers, log } = options;
  const counts = createMinuteCounts();
  const ref = { project: installation, id: options.newId() };
  const written = new Map<MinuteCount, Written>();
  const writtenRefused = new Map<MinuteCount, number>();
  let hasWritten = false;
  let isOnRecord = false;
  let isFailing = false;
  let writing: Promise<void> = Promise.resolve();
  let cancel: (() => void) | null = null;

  function countedTo(): number {
    let earliest = clock.now();
    for (const { pending, minute } of counts.list()) if (pending > 0 && minute < earliest) earliest = minute;
    return earliest;
  }

  async function write(isLast: boolean): Promise<void> {
    const now = clock.now();
    // One look at all of it, in one turn of the event loop.
    const changes = {
      counted_to: countedTo(),
      written_at: now,
      ...(isLast ? { state: 'closed' as const, ended_at: now } : {}),
    };
    const changed = [...counts.list()].filter(isChanged).map((count) => ({ count, ...figuresOf(count) }));
    const refusals = [...counts.list()]
      .filter(isRefusing)
      .map((count) => ({ count, refused: count.refused }));
    await records.transaction(async (transaction) => {
      for (const { count, ...figures } of changed) await put(transaction, count, figures);
      for (const { count, refused } of refusals) await putRefused(transaction, count, refused);
      if (isLast && !hasWritten && changed.length === 0) await transaction.delete(ledgerProcesses, ref);
      else await transaction.update(ledgerProcesses, ref, changes);
    });
    hasWritten ||= changed.length > 0;
    for (const { count, accepted, unanswered } of changed) written.set(count, { accepted, unanswered });
    for (const { count, refused } of refusals) writtenRefused.set(count, refused);
    for (const count of [...counts.list()]) {
      if (count.pending > 0 || count.minute > now - keptMs || isChanged(count) || isRefusing(count)) continue;
      counts.forget(count);
      written.delete(count);
      writtenRefused.delete(count);
    }
  }

  const isChanged = (count: MinuteCount): boolean => {
    const before = written.get(count);
    return count.accepted !== (before?.accepted ?? 0) || count.unanswered !== (before?.unanswered ?? 0);
  };

  const isRefusing = (count: MinuteCount): boolean => count.refused !== (writtenRefused.get(count) ?? 0);

  const put = async (
    transaction: RecordTransaction,
    count: MinuteCount,
    figures: ReturnType<typeof figuresOf>,
  ): Promise<void> => {
    const countRef = { project: count.project, id: `${ref.id}.${count.number}` };
    if ((await transaction.get(ledgerAccepted, countRef)) !== null)
      await transaction.update(ledgerAccepted, countRef, figures);
    else
      await transaction.insert(ledgerAccepted, {
        ...countRef,
        ...figures,
        process: ref.id,
        minute: count.minute,
      });
  };

  const putRefused = async (
    transaction: RecordTransaction,
    { project, minute, number }: MinuteCount,
    lines: number,
  ): Promise<void> => {
    const subject = `${ref.id}.${number}`;
    const entryRef = { project, id: `refused.${subject}` };
    if ((await transaction.get(ledgerEntries, entryRef)) !== null)
      await transaction.update(ledgerEntries, entryRef, { lines });
    else
      await transaction.insert(ledgerEntries, {
        ...entryRef,
        entry: 'refused',
        subject,
        minute,
        lines,
        reason: 'refused at the edge',
      });
  };

  const schedule = (): void => {
    cancel = timers.after(writeEveryMs, () => {
      cancel = null;
      writing = write(false).then(
        () => {
          if (isFailing) log.info('The ledger can be written again');
          isFailing = false;
          if (isOnRecord) schedule();
        },
        (error: unknown) => {
          if (!isFailing) log.warning('The ledger of accepted events cannot be written', { error });
          isFailing = true;
          if (isOnRecord) schedule();
        },
      );
    });
  };

  return {
    counts,
    async start() {
      await records.transaction(async (transaction) => {
        await begin(transaction, clock.now());
        if (options.alone) await markCrashed(transaction, clock.now());
        await transaction.insert(ledgerProcesses, {
          ...ref,
          name: options.name,
          counted_to: clock.now(),
          written_at: clock.now(),
          state: 'open',
          ended_at: null,
        });
      });
      isOnRecord = true;
      schedule();
    },
    async stop() {
      if (!isOnRecord) return;
      isOnRecord = false;
      cancel?.();
      await writing;
      await write(true);
    },
  };
}

const figuresOf = ({ accepted, unanswered, repeated }: MinuteCount) => ({ accepted, unanswered, repeated });

/** Notes since when there is a ledger; what is older is in no account. */
async function begin(transaction: RecordTransaction, now: number): Promise<void> {
  const ref = { project: installation, id: ledgerSince };
  if ((await transaction.get(settings, ref)) === null)
    await transaction.insert(settings, { ...ref, value: now });
}

/** More than a restart leaves open, by far. */
const mostOpen = 10_000;

async function markCrashed(transaction: RecordTransaction, now: number): Promise<void> {
  const open = await transaction.list(ledgerProcesses, {
    project: installation,
    where: { state: 'open' },
    limit: mostOpen,
  });
  for (const { project, id } of open.records)
    await transaction.update(ledgerProcesses, { project, id }, { state: 'crashed', ended_at: now });
}
