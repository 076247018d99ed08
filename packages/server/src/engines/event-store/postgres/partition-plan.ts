/*
 * Which partitions there are. Recent times have one a month, or a day where that is configured; every other year has one
 * for the year, and two take what is far away. So a block of a thousand months of old events makes some eighty partitions,
 * and there are never more than some hundreds: each costs every query that names no time a little, and locks.
 *
 * A partition says its range by its name: events_2023, events_2023_12, events_2023_12_24. A range that is free is taken
 * by the largest fitting one that overlaps no other, so that partitions of different sizes go together as time goes on
 * and when the setting changes.
 */

export type PartitionUnit = 'month' | 'day';

export interface Partition {
  readonly name: string;
  /** Milliseconds since the epoch, inclusive; negative infinity for the first one. */
  readonly from: number;
  /** Milliseconds since the epoch, exclusive; infinity for the last one. */
  readonly to: number;
}

const firstYear = 1900;
const lastYear = 2100;
const dayMs = 86_400_000;
const daysAsDays = 45;

const farPast: Partition = {
  name: `events_before_${firstYear}`,
  from: Number.NEGATIVE_INFINITY,
  to: Date.UTC(firstYear, 0),
};
const farFuture: Partition = {
  name: `events_from_${lastYear}`,
  from: Date.UTC(lastYear, 0),
  to: Number.POSITIVE_INFINITY,
};

/** The partition of a name; null when it is none of ours. */
export function partitionOf(name: string): Partition | null {
  if (name === farPast.name) return farPast;
  if (name === farFuture.name) return farFuture;
  const match = /^events_(\d{4})(?:_(\d{2})(?:_(\d{2}))?)?$/.exec(name);
  if (match === null) return null;
  const [, year, month, day] = match;
  if (month === undefined) return yearPartition(Number(year));
  if (day === undefined) return monthPartition(Number(year), Number(month) - 1);
  return dayPartition(Date.UTC(Number(year), Number(month) - 1, Number(day)));
}

/** The partition to make for a time that is in none of the present ones. */
export function planPartition(
  time: number,
  present: readonly Partition[],
  unit: PartitionUnit,
  now: number,
): Partition {
  const date = new Date(time);
  const year = date.getUTCFullYear();
  if (year < firstYear) return farPast;
  if (year >= lastYear) return farFuture;
  const isFree = ({ from, to }: Partition): boolean =>
    present.every((other) => other.to <= from || other.from >= to);
  if (Math.abs(year - new Date(now).getUTCFullYear()) > 1) {
    const whole = yearPartition(year);
    if (isFree(whole)) return whole;
  }
  if (unit === 'month' || Math.abs(time - now) > daysAsDays * dayMs) {
    const whole = monthPartition(year, date.getUTCMonth());
    if (isFree(whole)) return whole;
  }
  return dayPartition(Math.floor(time / dayMs) * dayMs);
}

/** Times that will come soon, one in each partition to make ahead. */
export function timesAhead(unit: PartitionUnit, now: number): number[] {
  if (unit === 'day') return Array.from({ length: 8 }, (_, days) => now + days * dayMs);
  const date = new Date(now);
  return [0, 1, 2].map((months) => Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + months));
}

function yearPartition(year: number): Partition {
  return { name: `events_${year}`, from: Date.UTC(year, 0), to: Date.UTC(year + 1, 0) };
}

function monthPartition(year: number, month: number): Partition {
  const name = `events_${year}_${digits(month + 1)}`;
  return { name, from: Date.UTC(year, month), to: Date.UTC(year, month + 1) };
}

function dayPartition(from: number): Partition {
  const date = new Date(from);
  const name = `events_${date.getUTCFullYear()}_${digits(date.getUTCMonth() + 1)}_${digits(date.getUTCDate())}`;
  return { name, from, to: from + dayMs };
}

const digits = (number: number): string => String(number).padStart(2, '0');
