const rfc3339 = /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(?:\.\d+)?(?:[Zz]|[+-]\d\d:\d\d)$/;
const withoutZone = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d)(?::(\d\d(?:\.\d+)?))?)?$/;
const spaced = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d(?:[.,]\d+)?) ?(Z|UTC|[+-]\d\d:?\d\d)$/;
const numeric = /^-?\d+(?:\.\d+)?$/;

/**
 * A time as files write them, as RFC 3339: RFC 3339 itself; a date with a time, or alone, without a zone (UTC); seconds,
 * milliseconds, microseconds or nanoseconds since the epoch, told apart by their size (seconds up to the year 5138).
 * Undefined when it is none of these.
 */
export function normaliseTimestamp(value: unknown): string | undefined {
  if (typeof value === 'number') return fromEpoch(value);
  if (typeof value !== 'string') return undefined;
  if (rfc3339.test(value)) return value;
  const text = value.trim();
  if (numeric.test(text)) return fromEpoch(Number(text));
  const [, day, time, zone] = spaced.exec(text) ?? [];
  if (day !== undefined && time !== undefined && zone !== undefined)
    return `${day}T${time.replace(',', '.')}${zone.length === 5 ? `${zone.slice(0, 3)}:${zone.slice(3)}` : zone.replace('UTC', 'Z')}`;
  const [, date, minutes = '00:00', seconds = '00'] = withoutZone.exec(text) ?? [];
  return date === undefined ? undefined : `${date}T${minutes}:${seconds}Z`;
}

function fromEpoch(value: number): string | undefined {
  const size = Math.abs(value);
  const milliseconds =
    size < 1e11 ? value * 1e3 : size < 1e14 ? value : size < 1e17 ? value / 1e3 : value / 1e6;
  // Seconds with microseconds are not exact in binary: 1521911720.865 must not become ….864.
  const date = new Date(Math.floor(milliseconds + 1e-3));
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString();
}
