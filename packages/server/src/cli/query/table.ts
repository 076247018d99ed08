import type { AggregationResult, Event } from '@streamflow/contracts';

/** Lines of a table with aligned columns, cut to the width when there is one. */
export function formatTable(
  header: readonly string[],
  rows: readonly (readonly string[])[],
  width: number | undefined,
): readonly string[] {
  const widths = header.map((name, column) =>
    Math.max(name.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  return [header, ...rows].map((row) => {
    const line = row
      .map((cell, column) => (column === row.length - 1 ? cell : cell.padEnd(widths[column] ?? 0)))
      .join('  ');
    return cut(line, width);
  });
}

const cut = (line: string, width: number | undefined): string =>
  width === undefined || line.length <= width ? line : `${line.slice(0, Math.max(0, width - 1))}…`;

/**
 * What events may hold and a terminal would obey: escape sequences that move the cursor or change the title, and the
 * characters that reverse the direction of text.
 */
const unprintable = /[\p{Cc}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

/** Text of an event on one line, harmless to a terminal. */
export const printable = (text: string): string =>
  text.replace(unprintable, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);

const eventHeader = ['TIME', 'TYPE', 'SOURCE', 'USER', 'DATA'] as const;

const eventCells = ({ timestamp, type, source, user_id, data }: Event): readonly string[] =>
  [timestamp, type, source, user_id ?? '-', JSON.stringify(data)].map(printable);

/** One event as a line. */
export const formatEvent = (event: Event, width: number | undefined): string =>
  cut(eventCells(event).join('  '), width);

export const formatEvents = (events: readonly Event[], width: number | undefined): readonly string[] =>
  formatTable(eventHeader, events.map(eventCells), width);

/** Groups with their values, largest first as the server gives them, then what was cut off, then the total. */
export function formatAggregation(
  { aggregations, total, other, series }: AggregationResult,
  width: number | undefined,
): readonly string[] {
  if (series !== undefined) {
    const isGrouped = series.some((point) => Object.keys(point.aggregations).length > 0);
    if (!isGrouped)
      return formatTable(
        ['TIME', 'VALUE'],
        series.map((point) => [point.timestamp, shown(point.total)]),
        width,
      );
    const rows = series.flatMap((point) =>
      flatten(point.aggregations).map((row) => [point.timestamp, ...row]),
    );
    return formatTable(['TIME', 'GROUP', 'VALUE'], rows, width);
  }
  const rows = [...flatten(aggregations)];
  if (other !== undefined) rows.push(...flatten({ '(other)': other }));
  return formatTable(['GROUP', 'VALUE'], [...rows, ['(total)', shown(total)]], width);
}

function flatten(groups: AggregationResult['aggregations']): readonly string[][] {
  return Object.entries(groups).flatMap(([name, value]) =>
    typeof value === 'object' && value !== null
      ? Object.entries(value).map(([inner, figure]) => [printable(`${name} / ${inner}`), shown(figure)])
      : [[printable(name), shown(value)]],
  );
}

const shown = (value: number | null): string => (value === null ? '-' : String(value));
