import { InvalidArgumentError } from 'commander';

/** Reads a whole number within bounds from the command line. */
export function integerArgument(minimum: number, maximum = Number.MAX_SAFE_INTEGER) {
  return (text: string): number => {
    const value = Number(text);
    if (!/^[0-9]+$/.test(text) || value < minimum || value > maximum)
      throw new InvalidArgumentError(
        maximum === Number.MAX_SAFE_INTEGER
          ? `expected a whole number of at least ${minimum}`
          : `expected a whole number from ${minimum} to ${maximum}`,
      );
    return value;
  };
}

const unitMs = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const isUnit = (unit: string | undefined): unit is keyof typeof unitMs =>
  unit !== undefined && Object.hasOwn(unitMs, unit);

/** Milliseconds of `30s`, `5m`, `24h`, `7d`. */
export function durationArgument(text: string): number {
  const [, amount, unit] = /^([0-9]{1,6})([smhd])$/.exec(text) ?? [];
  if (amount === undefined || !isUnit(unit))
    throw new InvalidArgumentError('expected a duration such as 30s, 5m, 24h or 7d');
  return Number(amount) * unitMs[unit];
}

/** A moment: RFC 3339, a date, `now`, or how long ago (`15m`, `24h`, `7d`); as RFC 3339 in UTC. */
export function timeArgument(now: () => number) {
  return (text: string): string => {
    if (text === 'now') return new Date(now()).toISOString();
    if (/^[0-9]{1,6}[smhd]$/.test(text)) return new Date(now() - durationArgument(text)).toISOString();
    const isTime = /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d))?$/i.test(text);
    const at = isTime ? Date.parse(text) : Number.NaN;
    if (Number.isNaN(at))
      throw new InvalidArgumentError(
        'expected a time such as 2026-01-31T12:00:00Z, 2026-01-31, now, or how long ago: 15m, 24h, 7d',
      );
    return new Date(at).toISOString();
  };
}

/** Adds a repeated argument to those before it. */
export const repeatable = (text: string, before: readonly string[]): readonly string[] => [...before, text];
