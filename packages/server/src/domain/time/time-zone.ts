const dayMs = 86_400_000;
const mostKnown = 10_000;

/** A zone of the IANA database. Local times are given as the milliseconds since the epoch that UTC would show so. */
export interface TimeZone {
  /** As the database spells it. */
  readonly name: string;
  /** The local time at a moment. */
  localAt(moment: number): number;
  /** The first moment at which clocks show a local time; where they skip it, the moment that they skip it at. */
  momentOf(local: number): number;
}

// Offsets such as +01:00, which newer versions of Node take as zones, have no place here: they know no summer time.
const zoneName = /^[A-Za-z][A-Za-z0-9_+-]*(?:\/[A-Za-z0-9_+-]+)*$/;
const longestName = 64;

export const utc: TimeZone = { name: 'UTC', localAt: (moment) => moment, momentOf: (local) => local };

/** The zone of a name; undefined for what is none. */
export function findTimeZone(name: string): TimeZone | undefined {
  if (name.length > longestName || !zoneName.test(name)) return undefined;
  const format = formatOf(name);
  if (format === undefined) return undefined;
  const { timeZone } = format.resolvedOptions();
  return timeZone === 'UTC' ? utc : createTimeZone(timeZone, format);
}

function formatOf(name: string): Intl.DateTimeFormat | undefined {
  try {
    return new Intl.DateTimeFormat('en-US', {
      timeZone: name,
      hourCycle: 'h23',
      era: 'short',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

function createTimeZone(name: string, format: Intl.DateTimeFormat): TimeZone {
  const localAt = (moment: number): number => {
    const shown = { year: 0, month: 0, day: 0, hour: 0, minute: 0, second: 0 };
    const second = Math.floor(moment / 1000) * 1000;
    for (const { type, value } of format.formatToParts(second))
      if (type in shown) Reflect.set(shown, type, Number(value));
    const { year, month, day, hour, minute } = shown;
    return Date.UTC(year, month - 1, day, hour, minute, shown.second) + (moment - second);
  };
  /** Asking costs microseconds, and whoever lays out a calendar asks for most moments twice. */
  const known = new Map<number, number>();
  const offsetAt = (moment: number): number => {
    const offset = known.get(moment) ?? localAt(moment) - moment;
    if (known.size < mostKnown) known.set(moment, offset);
    return offset;
  };
  return {
    name,
    localAt,
    momentOf(local) {
      // A zone changes at most once within two days, so these are the offsets before and after the change.
      const before = local - offsetAt(local - dayMs);
      const after = local - offsetAt(local + dayMs);
      if (before === after) return before;
      const shows = [before, after].filter((moment) => localAt(moment) === local);
      return shows.length === 0 ? before : Math.min(...shows);
    },
  };
}
