import type { Event } from '@streamflow/contracts';

/*
 * Events as CSV: RFC 4180, so CRLF ends a row and a cell with quotes, commas or line ends is quoted. `tags`, `metadata`
 * and `data` are JSON; null is an empty cell.
 *
 * Spreadsheets run a cell that starts with = + - @ as a formula, and skip a leading TAB, CR or LF to get there. Such a
 * cell starts with an apostrophe instead, which they take as "this is text". A number is left as it is: it can do no
 * harm, and would become text.
 */

const columns = [
  'id',
  'type',
  'source',
  'timestamp',
  'severity',
  'user_id',
  'session_id',
  'correlation_id',
  'tags',
  'metadata',
  'data',
  'received_at',
] as const satisfies readonly (keyof Event)[];

const formula = /^[=+\-@\t\r\n]/;
const number = /^[+-](?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;
const quotedOnly = /[",\r\n]/;

export const csvHeader = `${columns.join(',')}\r\n`;

export const csvRow = (event: Event): string =>
  `${columns.map((column) => cell(event[column])).join(',')}\r\n`;

function cell(value: Event[(typeof columns)[number]]): string {
  if (value === null) return '';
  const plain = typeof value === 'string' ? value : JSON.stringify(value);
  const text = formula.test(plain) && !number.test(plain) ? `'${plain}` : plain;
  return quotedOnly.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
