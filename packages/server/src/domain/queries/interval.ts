const units = new Map([
  ['s', 1_000],
  ['m', 60_000],
  ['h', 3_600_000],
  ['d', 86_400_000],
]);

/** Milliseconds of a whole number of seconds, minutes, hours or days, such as `30s`; undefined for any other text. */
export function parseInterval(text: string): number | undefined {
  const [, count, unit = ''] = /^([1-9][0-9]{0,5})([smhd])$/.exec(text) ?? [];
  const length = units.get(unit);
  return length === undefined ? undefined : Number(count) * length;
}
