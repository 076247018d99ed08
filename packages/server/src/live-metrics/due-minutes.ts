import { minute } from '../domain/metrics/metric-ring.ts';

/** A minute is compared so long after its end: what comes in time has come, and is stored. */
const closedAfterMs = 10_000;
/** How soon what may be wrong is compared, and how long after each time once more, since the store may be behind. */
const confirmAfterMs = [2500, 5000, 10_000, 30_000];
/** After a start the store has what the bus delivers again, and the last seconds before it, within this. */
const deliveredAgainMs = 2000;
/** How soon it is looked whether a store that has less than the rings goes on to have less. */
const lessAgainMs = 1500;

interface DueMinute {
  readonly at: number;
  /** How often it was found right since it was suspected. */
  readonly confirmed: number;
  /** Events of its seconds in the store, where that was less than in the rings. */
  readonly less: Map<number, number>;
}

/**
 * Minutes of one project that are to be compared with the store, and when. Times are milliseconds since the epoch.
 *
 *   measured ── its end ──> due ── as the store has it ──> settled ── measured again ──> due
 *   touched, or found wrong ──> suspected: due, and due again at growing times until it was right each time ──> settled
 */
export class DueMinutes {
  private readonly due = new Map<number, DueMinute>();
  private readonly settled = new Set<number>();
  /** Minutes that are not known until they were compared at this time or later. */
  private readonly unknown = new Map<number, number>();

  /** Something was measured in the minute. */
  onMeasured(start: number, now: number): void {
    if (this.due.has(start)) return;
    const end = start + minute + closedAfterMs;
    const isOver = this.settled.has(start) || end <= now;
    this.set(start, isOver ? now + soonMs : end, confirmAfterMs.length);
  }

  /** It may be wrong. */
  onTouched(start: number, now: number): void {
    this.set(start, Math.min(this.due.get(start)?.at ?? Number.MAX_VALUE, now + soonMs), 0);
  }

  /** Never read so far; a `recent` one may be of what the store is yet to be given. */
  onUnknown(start: number, now: number, isRecent: boolean): void {
    const isOver = start + minute <= now;
    this.set(start, now, isRecent && isOver ? 0 : confirmAfterMs.length);
    this.unknown.set(start, isRecent ? now + deliveredAgainMs : now);
  }

  /** From here on all is known; from the beginning of time when nothing waits. */
  get knownFrom(): number {
    return this.unknown.size === 0 ? Number.NEGATIVE_INFINITY : Math.max(...this.unknown.keys()) + minute;
  }

  /** Takes the newest stretch of due minutes that hang together, at most so many. */
  take(now: number, most: number): { readonly from: number; readonly to: number } | null {
    const starts = [...this.due].filter(([, { at }]) => at <= now).map(([start]) => start);
    if (starts.length === 0) return null;
    const last = Math.max(...starts);
    const ready = new Set(starts);
    let from = last;
    while (ready.has(from - minute) && last - (from - minute) < most * minute) from -= minute;
    return { from, to: last + minute };
  }

  /**
   * The store has less of a second than the rings. True when it had as little before: then that is so, and not that it
   * is behind.
   */
  isLessAgain(start: number, at: number, events: number): boolean {
    const less = this.due.get(start)?.less;
    const before = less?.get(at);
    less?.set(at, events);
    return before === events;
  }

  /** It was compared; `right` when nothing had to be changed, `waits` when the store may be behind. */
  onCompared(start: number, now: number, found: { right: boolean; waits: boolean; isOver: boolean }): void {
    const entry = this.due.get(start);
    if (entry === undefined) return;
    if (found.waits) {
      this.due.set(start, { ...entry, at: now + lessAgainMs });
      return;
    }
    const confirmed = found.right ? entry.confirmed + 1 : 1;
    const knownAt = this.unknown.get(start);
    if (knownAt !== undefined && now < knownAt) {
      this.set(start, knownAt, confirmed);
      return;
    }
    this.unknown.delete(start);
    const next = confirmAfterMs[confirmed];
    if (next !== undefined) this.set(start, now + next, confirmed);
    else if (!found.isOver) this.set(start, start + minute + closedAfterMs, confirmAfterMs.length);
    else {
      this.due.delete(start);
      this.settled.add(start);
    }
  }

  /** It could not be compared. */
  postpone(start: number, until: number): void {
    const entry = this.due.get(start);
    if (entry !== undefined) this.due.set(start, { ...entry, at: until });
  }

  forget(before: number): void {
    for (const start of this.due.keys()) if (start < before) this.due.delete(start);
    for (const start of this.settled) if (start < before) this.settled.delete(start);
    for (const start of this.unknown.keys()) if (start < before) this.unknown.delete(start);
  }

  get size(): number {
    return this.due.size;
  }

  private set(start: number, at: number, confirmed: number): void {
    this.due.set(start, { at, confirmed, less: new Map() });
  }
}

const [soonMs = 0] = confirmAfterMs;
