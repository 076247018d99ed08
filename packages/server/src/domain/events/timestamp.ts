/*
 * Times are RFC 3339 with an offset. They are kept in UTC, cut to milliseconds, within the years that ClickHouse's
 * DateTime64(3) holds. A leap second (23:59:60 UTC) is kept as the last millisecond before it ends the minute; 24:00
 * is not RFC 3339.
 */

const firstYear = 1900;
const lastYear = 2299;
/** What {@link parseTimestamp} takes, for a person. */
export const timestampForm = `an RFC 3339 time with an offset, from the years ${firstYear} to ${lastYear}, like 2023-12-01T12:00:00.000Z`;

const longest = 64;
const rfc3339 = /^(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:\.(\d+))?(?:[Zz]|([+-])(\d\d):(\d\d))$/;
const minuteMs = 60_000;

/** Milliseconds since the epoch; NaN for what is not RFC 3339, no date of the calendar, or out of range. */
export function parseTimestamp(text: string): number {
  return isCanonicalForm(text) ? parseCanonical(text) : parseAny(text);
}

/** `YYYY-MM-DDTHH:MM:SS.mmmZ` of a time that {@link parseTimestamp} read from the text, moved by `shift` milliseconds. */
export function canonicalTimestamp(text: string, milliseconds: number, shift: number): string {
  // A leap second may be written in this form too, and is no second of ours.
  const isOurForm = shift === 0 && isCanonicalForm(text) && text.charCodeAt(17) !== 0x36;
  return isOurForm ? text : formatTimestamp(milliseconds + shift);
}

export const formatTimestamp = (milliseconds: number): string => new Date(milliseconds).toISOString();

export const isWithinRange = (milliseconds: number): boolean =>
  milliseconds >= earliest && milliseconds < latest;

const isCanonicalForm = (text: string): boolean =>
  text.length === 24 &&
  text.charCodeAt(4) === 0x2d &&
  text.charCodeAt(7) === 0x2d &&
  text.charCodeAt(10) === 0x54 &&
  text.charCodeAt(13) === 0x3a &&
  text.charCodeAt(16) === 0x3a &&
  text.charCodeAt(19) === 0x2e &&
  text.charCodeAt(23) === 0x5a;

/** The form that nearly all clients send (`toISOString`), without a regular expression. */
function parseCanonical(text: string): number {
  const year = twoDigits(text, 0) * 100 + twoDigits(text, 2);
  const milliseconds = twoDigits(text, 20) * 10 + digit(text, 22);
  const second = twoDigits(text, 17);
  if (second === 60) return parseAny(text);
  const whole = fromCivil(
    year,
    twoDigits(text, 5),
    twoDigits(text, 8),
    twoDigits(text, 11),
    twoDigits(text, 14),
    second,
  );
  return year >= firstYear && year <= lastYear ? whole + milliseconds : Number.NaN;
}

function digit(text: string, at: number): number {
  const value = text.charCodeAt(at) - 0x30;
  return value >= 0 && value <= 9 ? value : Number.NaN;
}

const twoDigits = (text: string, at: number): number => digit(text, at) * 10 + digit(text, at + 1);

function parseAny(text: string): number {
  const match = text.length <= longest ? rfc3339.exec(text) : null;
  if (match === null) return Number.NaN;
  const [, year, month, day, hour, minute, second, fraction = '', sign, offsetHour, offsetMinute] = match;
  const isLeapSecond = second === '60';
  const whole = fromCivil(
    Number(year),
    Number(month),
    Number(day),
    Number(hour),
    Number(minute),
    isLeapSecond ? 59 : Number(second),
  );
  const offset = offsetMinutes(sign, offsetHour, offsetMinute);
  const utc = whole - offset * minuteMs;
  const milliseconds = isLeapSecond ? 999 : Number(fraction.padEnd(3, '0').slice(0, 3));
  if (isLeapSecond && (utc / 1000) % 86_400 !== 86_399) return Number.NaN;
  return isWithinRange(utc) ? utc + milliseconds : Number.NaN;
}

function offsetMinutes(sign: string | undefined, hour = '0', minute = '0'): number {
  if (Number(hour) > 23 || Number(minute) > 59) return Number.NaN;
  const minutes = Number(hour) * 60 + Number(minute);
  return sign === '-' ? -minutes : minutes;
}

const monthDays = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** Days of the proleptic Gregorian calendar, counted in years that begin with March; NaN when there is no such date. */
function fromCivil(
  year: number,
  month: number,
  day: number,
  hour: number,
  minute: number,
  second: number,
): number {
  const isLeapYear = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  const days = month === 2 && isLeapYear ? 29 : (monthDays[month - 1] ?? 0);
  if (!(day >= 1 && day <= days && hour <= 23 && minute <= 59 && second <= 59)) return Number.NaN;
  const marchYear = month <= 2 ? year - 1 : year;
  const century = Math.floor(marchYear / 100);
  const dayOfYear = Math.floor((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) + day - 1;
  const epochDay =
    Math.floor((marchYear * 1461) / 4) - century + Math.floor(century / 4) + dayOfYear - epochDayOffset;
  return (((epochDay * 24 + hour) * 60 + minute) * 60 + second) * 1000;
}

/** Days from 0000-03-01 to 1970-01-01. */
const epochDayOffset = 719_468;
const earliest = fromCivil(firstYear, 1, 1, 0, 0, 0);
const latest = fromCivil(lastYear + 1, 1, 1, 0, 0, 0);
