/** Values that SQL refers to as `$1`; no value is ever part of the SQL itself. */
export class SqlParameters {
  readonly values: unknown[] = [];

  /** Adds a value and returns what stands for it in the SQL. */
  add(type: string, value: unknown): string {
    this.values.push(value);
    return `$${this.values.length}::${type}`;
  }

  /** Moments, given in milliseconds since the epoch. */
  addTimes(milliseconds: readonly number[]): string {
    return this.add('timestamptz[]', milliseconds.map(timeText));
  }

  /** A moment, given in milliseconds since the epoch. */
  addTime(milliseconds: number): string {
    return this.add('timestamptz', timeText(milliseconds));
  }
}

// What a Date of JavaScript holds; events are between.
const furthest = 8_640_000_000_000_000;

function timeText(milliseconds: number): string {
  const time = Math.trunc(milliseconds);
  if (time <= -furthest) return '-infinity';
  if (time >= furthest) return 'infinity';
  const date = new Date(time);
  const year = date.getUTCFullYear();
  // PostgreSQL writes years before the first one in another way, and has no events there.
  if (year < 1) return '-infinity';
  return year > 9999 ? 'infinity' : date.toISOString();
}
