import { type ByMinute, isWithin, type MinuteRange, minuteMs, minuteOf } from '../domain/ledger/minute.ts';
import type { LedgerProcessRecord } from '../domain/records/ledger.ts';
import type { AuditedMinute } from '../engines/event-store/port.ts';
import type { AcceptanceBook, EntryBook } from './read-books.ts';

/*
 * The account of a minute of receipt:
 *
 *   found = stored + duplicates + dead + set aside + dropped
 *
 * where duplicates are those that were entered by storage and those that met their id at the edge. It holds when
 *
 *   accepted ≤ found ≤ accepted + unanswered
 *
 * and, within the last moments of a process that was killed, also beyond that: it can have acknowledged what it had not
 * counted yet. Of such a minute nothing is said while any of it can be in the queue: what was acknowledged and not
 * counted may be there. Less than accepted is a loss, whatever else there is to say.
 *
 * Both sides move while events come in, so a minute is judged when it is settled: every process that runs has counted
 * all of it (or, of a minute that goes on, all until the audit had ended), the counts are the same before the audit and
 * after it, and, where something is missing or uncounted, nothing of the minute can be in the queue.
 */

/** A process that has not written for so long is taken for dead; it writes every two seconds. Milliseconds. */
export const silenceMs = 10_000;

export interface BalanceInput {
  readonly range: MinuteRange;
  /** Read before everything else, at `startedAt`. */
  readonly before: AcceptanceBook;
  /** Read after the audit had ended at `auditedAt`, at `readAt`; milliseconds since the epoch. */
  readonly after: AcceptanceBook;
  readonly startedAt: number;
  readonly auditedAt: number;
  readonly readAt: number;
  /** Read before the audit; with it, lines whose removal is begun, so that they may be stored and dropped. */
  readonly entriesBefore: EntryBook;
  readonly removing: ByMinute;
  /** Read after the audit. */
  readonly entries: EntryBook;
  readonly audited: readonly AuditedMinute[];
  readonly dead: ByMinute;
  readonly deadIsComplete: boolean;
  /**
   * Nothing that was received before this, milliseconds since the epoch, was in the queue after `before` was read and
   * before the audit began; infinity when there was nothing at all.
   */
  readonly drainedTo: number;
}

export type MinuteStatus = 'holds' | 'loss' | 'surplus' | 'unsettled' | 'unchecked';

export interface BalancedMinute {
  /** Start of the minute, milliseconds since the epoch. */
  readonly minute: number;
  readonly status: MinuteStatus;
  readonly accepted: number;
  readonly unanswered: number;
  readonly stored: number;
  readonly duplicates: number;
  readonly dead: number;
  readonly set_aside: number;
  readonly dropped: number;
  readonly refused: number;
  /** What was found less what was accepted. */
  readonly difference: number;
  /** What was found beyond the unanswered, and a process that was killed may have accepted. */
  readonly uncounted: number;
}

/** The minutes that have anything, or may have it in the queue, oldest first. */
export function balance(input: BalanceInput): BalancedMinute[] {
  const { before, after, entries, dead } = input;
  const audited = new Map(input.audited.map((found) => [found.minute, found]));
  const keys = [
    before.minutes,
    after.minutes,
    entries.duplicates,
    entries.dropped,
    entries.refused,
    dead,
    audited,
  ];
  const known = keys.flatMap((map) => [...map.keys()]);
  const minutes = [...new Set([...known, ...queuedUncounted(input)])].sort((a, b) => a - b);
  return minutes.map((minute) => {
    const { accepted = 0, unanswered = 0, repeated = 0 } = after.minutes.get(minute) ?? {};
    const { stored = 0, setAside = 0 } = audited.get(minute) ?? {};
    const figures = {
      accepted,
      unanswered,
      stored,
      duplicates: repeated + (entries.duplicates.get(minute) ?? 0),
      dead: dead.get(minute) ?? 0,
      set_aside: setAside,
      dropped: entries.dropped.get(minute) ?? 0,
      refused: entries.refused.get(minute) ?? 0,
    };
    const found = figures.stored + figures.duplicates + figures.dead + figures.set_aside + figures.dropped;
    const difference = found - accepted;
    const beyond = Math.max(0, difference - unanswered);
    const status = judge(input, minute, difference, beyond);
    return { minute, status, ...figures, difference, uncounted: status === 'holds' ? beyond : 0 };
  });
}

/** The minutes that a killed process can have left in the queue without anyone having counted anything of them. */
function queuedUncounted(input: BalanceInput): number[] {
  const { after, range, readAt } = input;
  return after.processes.flatMap((process) => {
    const minutes: number[] = [];
    const mayBe = (minute: number): boolean => mayBeUncounted(process, readAt, minute);
    for (let minute = minuteOf(process.counted_to); mayBe(minute); minute += minuteMs)
      if (isWithin(range, minute) && !isDrained(input, minute + minuteMs)) minutes.push(minute);
    return minutes;
  });
}

function judge(input: BalanceInput, minute: number, difference: number, beyond: number): MinuteStatus {
  const { since, processes } = input.after;
  if (!isCounted(input, minute) || isBeingRemoved(input, minute)) return 'unsettled';
  const mayBeQueued = !isDrained(input, minute + minuteMs);
  if (difference < 0) return !mayBeQueued && input.deadIsComplete ? 'loss' : 'unsettled';
  const killed = processes.some((process) => mayBeUncounted(process, input.readAt, minute));
  if (killed && mayBeQueued) return 'unsettled';
  if (beyond === 0) return 'holds';
  if (since === null || minute <= minuteOf(since)) return 'unchecked';
  return killed ? 'holds' : 'surplus';
}

/**
 * Whether lines of the minute were being removed at any time from the first look at the entries to the last: what was
 * removed before is in neither the audit nor the removals that are open, and entered in both books.
 */
const isBeingRemoved = ({ entriesBefore, removing, entries }: BalanceInput, minute: number): boolean =>
  removing.has(minute) || entriesBefore.dropped.get(minute) !== entries.dropped.get(minute);

function isCounted(input: BalanceInput, minute: number): boolean {
  if (!haveCounted(input.after, minute + minuteMs, input)) return false;
  const [first, second] = [input.before.minutes.get(minute), input.after.minutes.get(minute)];
  return first?.accepted === second?.accepted && first?.unanswered === second?.unanswered;
}

/** Whether every process that runs has counted all before a moment, or before the end of the audit. */
export function haveCounted(
  { processes }: AcceptanceBook,
  to: number,
  { auditedAt, readAt }: Pick<BalanceInput, 'auditedAt' | 'readAt'>,
): boolean {
  const end = Math.min(to, auditedAt);
  return processes.every((process) => !isRunning(process, readAt) || process.counted_to >= end);
}

/** Whether nothing that was received before a moment, and counted, can have been in the queue. */
export const isDrained = (
  { drainedTo, startedAt }: Pick<BalanceInput, 'drainedTo' | 'startedAt'>,
  to: number,
): boolean => drainedTo >= Math.min(to, startedAt);

export const isRunning = ({ state, written_at }: LedgerProcessRecord, now: number): boolean =>
  state === 'open' && written_at >= now - silenceMs;

/** Whether a process was killed in the minute or so shortly before that it had not counted all of it. */
export function mayBeUncounted(process: LedgerProcessRecord, now: number, minute: number): boolean {
  if (isRunning(process, now)) return false;
  const last = Math.min(process.ended_at ?? Number.POSITIVE_INFINITY, process.written_at + silenceMs);
  return minute + minuteMs > process.counted_to && minute <= last;
}
