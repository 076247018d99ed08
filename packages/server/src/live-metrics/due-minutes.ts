import { minute } from '../domain/metrics/metric-ring.ts';

/** Minutes of one project that are to be compared with the store, and when. Times are milliseconds since the epoch. */
export class DueMinutes {
  private readonly due = new Map<number, { at: number; tries: number }>();
  /** Minutes that were as the store has them; what comes for them is compared soon. */
  private readonly settled = new Set<number>();

  /** Something was measured in the minute: it is due when it is over, or soon if it was settled. */
  onMeasured(start: number, now: number): void {
    if (this.due.has(start)) return;
    const isOver = this.settled.has(start) || start + minute <= now - closedAfterMs;
    this.set(start, isOver ? now + soonMs : start + minute + closedAfterMs);
  }

  /** It may be wrong. */
  onTouched(start: number, now: number): void {
    const known = this.due.get(start);
    if (known === undefined || known.at > now + soonMs) this.set(start, now + soonMs);
  }

  /** At once, for what was never read. */
  onUnknown(start: number, now: number): void {
    this.set(start, now);
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

  /** It is as the store has it. */
  onSettled(start: number): void {
    this.due.delete(start);
    this.settled.add(start);
  }

  /** Its first part is as the store has it; the rest is still to come. */
  onOpen(start: number): void {
    this.set(start, start + minute + closedAfterMs);
  }

  /** Whether it may be put off once more. */
  postpone(start: number, until: number, mostTries: number): boolean {
    const known = this.due.get(start);
    const tries = (known?.tries ?? 0) + 1;
    if (tries > mostTries) return false;
    this.due.set(start, { at: until, tries });
    return true;
  }

  forget(before: number): void {
    for (const start of this.due.keys()) if (start < before) this.due.delete(start);
    for (const start of this.settled) if (start < before) this.settled.delete(start);
  }

  get size(): number {
    return this.due.size;
  }

  private set(start: number, at: number): void {
    this.due.set(start, { at, tries: 0 });
  }
}

/** A minute is compared so long after its end: what comes in time has come, and is stored. */
const closedAfterMs = 10_000;
/** How soon what may be wrong is compared. */
const soonMs = 3000;
