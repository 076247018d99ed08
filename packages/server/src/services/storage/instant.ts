const form =
  /^(\d{4})-(\d{2})-(\d{2})[Tt](\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,9}))?(?:[Zz]|([+-])(\d{2}):(\d{2}))$/;

/** The times that every event store can compare with. */
const earliest = Date.UTC(1900, 0, 1);
const latest = Date.UTC(2300, 0, 1);

/**
 * Milliseconds since the epoch of a time in RFC 3339 form, cut to milliseconds as events are; null when it is none, or
 * not in the years 1900 to 2299. `Date.parse` would do, were it not for 30 February and the like.
 */
export function parseInstant(text: string): number | null {
  const match = form.exec(text);
  if (match === null) return null;
  const [
    ,
    year,
    month,
    day,
    hour,
    minute,
    second,
    fraction = '',
    sign,
    offsetHour = '0',
    offsetMinute = '0',
  ] = match;
  const fields = [year, month, day, hour, minute, second, offsetHour, offsetMinute].map(Number);
  const [y = 0, mo = 0, d = 0, h = 0, mi = 0, s = 0, oh = 0, om = 0] = fields;
  const date = new Date(Date.UTC(y, mo - 1, d));
  if (date.getUTCMonth() !== mo - 1 || date.getUTCDate() !== d) return null;
  if (h > 23 || mi > 59 || s > 59 || oh > 23 || om > 59) return null;
  const offset = (sign === '-' ? -1 : 1) * (oh * 60 + om) * 60_000;
  const milliseconds = Number(fraction.slice(0, 3).padEnd(3, '0'));
  const time = date.getTime() + ((h * 60 + mi) * 60 + s) * 1000 + milliseconds - offset;
  return time >= earliest && time < latest ? time : null;
}

/** RFC 3339 in UTC with milliseconds. */
export const formatInstant = (time: number): string => new Date(time).toISOString();
