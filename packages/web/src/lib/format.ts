/* Numbers and times in the reader's locale. */

const locale = navigator.languages;
const dash = '–';

const whole = new Intl.NumberFormat(locale, { maximumFractionDigits: 0 });
const compact = new Intl.NumberFormat(locale, { notation: 'compact', maximumFractionDigits: 1 });
const decimal = new Intl.NumberFormat(locale, { maximumSignificantDigits: 3 });
const percent = new Intl.NumberFormat(locale, { style: 'percent', maximumFractionDigits: 2 });
const signedPercent = new Intl.NumberFormat(locale, {
  style: 'percent',
  maximumFractionDigits: 0,
  signDisplay: 'exceptZero',
});

export type Unit = 'count' | 'number' | 'per-second' | 'ratio' | 'seconds';
export type Zone = 'local' | 'utc';

export const formatCount = (value: number): string => whole.format(value);
export const formatShortCount = (value: number): string =>
  Math.abs(value) < 10_000 ? whole.format(value) : compact.format(value);
export const formatChange = (ratio: number): string => signedPercent.format(ratio);

export function formatSeconds(value: number): string {
  if (value === 0) return '0 s';
  if (Math.abs(value) < 0.001) return `${decimal.format(value * 1_000_000)} µs`;
  if (Math.abs(value) < 1) return `${decimal.format(value * 1000)} ms`;
  return `${decimal.format(value)} s`;
}

export function formatValue(value: number | null | undefined, unit: Unit): string {
  if (value === null || value === undefined) return dash;
  switch (unit) {
    case 'count':
      return whole.format(value);
    case 'number':
      return Number.isInteger(value) ? whole.format(value) : decimal.format(value);
    case 'per-second':
      return value >= 100 ? whole.format(value) : decimal.format(value);
    case 'ratio':
      return percent.format(value);
    case 'seconds':
      return formatSeconds(value);
  }
}

const zoneOption = (zone: Zone): { timeZone?: string } => (zone === 'utc' ? { timeZone: 'UTC' } : {});
const formats = new Map<string, Intl.DateTimeFormat>();

function timeFormat(zone: Zone, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = `${zone}${JSON.stringify(options)}`;
  const known = formats.get(key) ?? new Intl.DateTimeFormat(locale, { ...options, ...zoneOption(zone) });
  formats.set(key, known);
  return known;
}

/** Day and time, to the second or, for events, to the millisecond. */
export const formatTime = (at: number | string, zone: Zone, precise = false): string =>
  timeFormat(zone, {
    month: 'short',
    day: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    ...(precise ? { fractionalSecondDigits: 3 } : {}),
  }).format(new Date(at));

export const formatDay = (at: number | string, zone: Zone): string =>
  timeFormat(zone, { dateStyle: 'medium' }).format(new Date(at));

/** For the axis of a chart whose points are so many milliseconds apart. */
export function formatTick(at: number, spanMs: number, zone: Zone): string {
  const day = 86_400_000;
  if (spanMs > 2 * day) return timeFormat(zone, { month: 'short', day: 'numeric' }).format(at);
  if (spanMs <= 600_000)
    return timeFormat(zone, { hour: '2-digit', minute: '2-digit', second: '2-digit' }).format(at);
  return timeFormat(zone, { hour: '2-digit', minute: '2-digit' }).format(at);
}

const relative = new Intl.RelativeTimeFormat(locale, { numeric: 'auto', style: 'short' });

export function formatAgo(at: number | string, now: number): string {
  const seconds = Math.round((new Date(at).getTime() - now) / 1000);
  if (Math.abs(seconds) < 60) return relative.format(seconds, 'second');
  if (Math.abs(seconds) < 3600) return relative.format(Math.round(seconds / 60), 'minute');
  if (Math.abs(seconds) < 86_400) return relative.format(Math.round(seconds / 3600), 'hour');
  return relative.format(Math.round(seconds / 86_400), 'day');
}
