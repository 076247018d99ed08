/** Milliseconds of the minutes by which the ledger accounts. */
export const minuteMs = 60_000;

/** The start of the minute of a moment; both milliseconds since the epoch. */
export const minuteOf = (at: number): number => Math.floor(at / minuteMs) * minuteMs;

/** Whole minutes of receipt, `from` included and `to` not; milliseconds since the epoch. */
export interface MinuteRange {
  readonly from: number;
  readonly to: number;
}

export const isWithin = ({ from, to }: MinuteRange, at: number): boolean => at >= from && at < to;

/** Numbers by minute. */
export type ByMinute = Map<number, number>;

export function addToMinute(counts: ByMinute, minute: number, by: number): void {
  counts.set(minute, (counts.get(minute) ?? 0) + by);
}
