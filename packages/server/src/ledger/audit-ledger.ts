import type { LedgerMinute, LedgerProcess, LedgerReport } from '@streamflow/contracts';
import type { Clock } from '../domain/clock.ts';
import { formatTimestamp } from '../domain/events/timestamp.ts';
import type { MinuteRange } from '../domain/ledger/minute.ts';
import { minuteMs } from '../domain/ledger/minute.ts';
import type { LedgerProcessRecord } from '../domain/records/ledger.ts';
import type { Bus } from '../engines/bus/port.ts';
import type { EventAudit, EventStore } from '../engines/event-store/port.ts';
import type { RecordStore } from '../engines/record-store/port.ts';
import {
  type BalancedMinute,
  type BalanceInput,
  balance,
  haveCounted,
  isDrained,
  isRunning,
  mayBeUncounted,
} from './balance.ts';
import { countDeadLines } from './dead-lines.ts';
import { readAcceptanceBook, readEntryBook } from './read-books.ts';
import { readOpenRemoval } from './removals.ts';

export interface LedgerAuditOptions {
  readonly bus: Pick<Bus, 'depth' | 'deadLetters'>;
  readonly events: Pick<EventStore, 'audit' | 'receipts'>;
  readonly records: RecordStore;
  readonly clock: Clock;
  /** What this process has taken from the storage queue and not acknowledged; see BlockWriter. */
  held(): { readonly deliveries: number; readonly oldest: number | null };
  /** Resolves after so many milliseconds. */
  pause(milliseconds: number): Promise<void>;
}

export interface LedgerQuery {
  readonly project: string;
  readonly range: MinuteRange;
  /** Also the minutes that hold. */
  readonly all: boolean;
  readonly signal: AbortSignal;
}

/** Processes write every two seconds; so long one is waited for that has not written since the audit. */
const looks = 12;
const lookEveryMs = 250;

/** Accounts for what was received within a range. */
export async function auditLedger(
  { project, range, all, signal }: LedgerQuery,
  options: LedgerAuditOptions,
): Promise<LedgerReport> {
  const { bus, events, records, clock } = options;
  // The order matters: what is counted before is stored, or in the queue when that is looked at, or in the audit.
  const startedAt = clock.now();
  const before = await readAcceptanceBook(records, project, range);
  const held = options.held();
  const { batches } = await bus.depth('events.storage');
  const drainedTo = drained(batches, held);
  const dead = await countDeadLines(bus, project, { events, records });
  const entriesBefore = await readEntryBook(records, project, range);
  const removing = await readOpenRemoval(records, project);
  const audit = await events.audit({ project, ...range }, { signal });
  const entries = await readEntryBook(records, project, range);
  const auditedAt = clock.now();

  let after = await readAcceptanceBook(records, project, range);
  let times = { auditedAt, readAt: clock.now() };
  for (let look = 1; look < looks && !haveCounted(after, range.to, times); look++) {
    signal.throwIfAborted();
    await options.pause(lookEveryMs);
    after = await readAcceptanceBook(records, project, range);
    times = { auditedAt, readAt: clock.now() };
  }
  const input: BalanceInput = {
    range,
    before,
    after,
    startedAt,
    ...times,
    entriesBefore,
    removing,
    entries,
    audited: audit.minutes,
    dead: dead.lines,
    deadIsComplete: dead.isComplete,
    drainedTo,
  };
  const minutes = balance(input);
  return {
    from: formatTimestamp(range.from),
    to: formatTimestamp(range.to),
    since: after.since === null ? null : formatTimestamp(after.since),
    verdict: verdict(minutes, audit, haveCounted(after, range.to, times)),
    totals: totalsOf(minutes),
    minutes: minutes.filter(({ status, uncounted }) => all || status !== 'holds' || uncounted > 0).map(shown),
    repeated_ids: { count: audit.repeatedIds.count, examples: [...audit.repeatedIds.examples] },
    roll_ups:
      audit.rollUps === null
        ? null
        : {
            compared: audit.rollUps.compared,
            mismatches: audit.rollUps.mismatches,
            examples: audit.rollUps.examples.map(({ rollUp, kept, recounted }) => ({
              roll_up: rollUp,
              kept,
              recounted,
            })),
          },
    queue: { batches, drained: isDrained(input, range.to) },
    dead_letters: { complete: dead.isComplete },
    processes: after.processes
      .filter((process) => concerns(process, minutes, times.readAt))
      .map((process) => shownProcess(process, times.readAt)),
  };
}

/**
 * Up to when surely nothing is in the queue, which hands out what is unacknowledged: when this process holds all of it,
 * up to the oldest that it holds; otherwise nothing is known unless the queue is empty.
 */
function drained(batches: number, held: ReturnType<LedgerAuditOptions['held']>): number {
  if (batches === 0) return Number.POSITIVE_INFINITY;
  return batches <= held.deliveries ? (held.oldest ?? 0) : Number.NEGATIVE_INFINITY;
}

function verdict(
  minutes: readonly BalancedMinute[],
  { repeatedIds, rollUps }: EventAudit,
  isCounted: boolean,
): LedgerReport['verdict'] {
  const isBroken =
    repeatedIds.count > 0 ||
    (rollUps?.mismatches ?? 0) > 0 ||
    minutes.some(({ status }) => status === 'loss' || status === 'surplus');
  if (isBroken) return 'broken';
  return isCounted && minutes.every(({ status }) => status !== 'unsettled') ? 'holds' : 'unsettled';
}

const figures = [
  'accepted',
  'unanswered',
  'stored',
  'duplicates',
  'dead',
  'set_aside',
  'dropped',
  'refused',
  'difference',
  'uncounted',
] as const;

function totalsOf(minutes: readonly BalancedMinute[]): LedgerReport['totals'] {
  const totals: LedgerReport['totals'] = {
    accepted: 0,
    unanswered: 0,
    stored: 0,
    duplicates: 0,
    dead: 0,
    set_aside: 0,
    dropped: 0,
    refused: 0,
    difference: 0,
    uncounted: 0,
  };
  for (const minute of minutes) for (const figure of figures) totals[figure] += minute[figure];
  return totals;
}

const shown = ({ minute, ...rest }: BalancedMinute): LedgerMinute => ({
  minute: formatTimestamp(minute),
  ...rest,
});

/** A process that runs, or was killed when something of these minutes can be uncounted. */
function concerns(process: LedgerProcessRecord, minutes: readonly BalancedMinute[], now: number): boolean {
  if (isRunning(process, now)) return true;
  return minutes.some(({ minute }) => mayBeUncounted(process, now, minute));
}

function shownProcess(process: LedgerProcessRecord, now: number): LedgerProcess {
  const { id, name, counted_to, written_at } = process;
  return {
    id,
    name,
    state: process.state === 'crashed' ? 'crashed' : isRunning(process, now) ? 'running' : 'silent',
    counted_to: formatTimestamp(counted_to),
    written_at: formatTimestamp(written_at),
  };
}

/** The whole minutes that two moments span. */
export const wholeMinutes = (from: number, to: number): MinuteRange => ({
  from: Math.floor(from / minuteMs) * minuteMs,
  to: Math.ceil(to / minuteMs) * minuteMs,
});
