const unitMs = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const isUnit = (unit: string | undefined): unit is keyof typeof unitMs =>
  unit !== undefined && Object.hasOwn(unitMs, unit);

/** Milliseconds of `30s`, `5m`, `1h`, `1d`, and of `0s`; null when the text is no duration. */
export function parseDuration(text: string): number | null {
  const [, amount, unit] = /^([0-9]{1,6})([smhd])$/.exec(text) ?? [];
  return amount === undefined || !isUnit(unit) ? null : Number(amount) * unitMs[unit];
}
