import { createHash } from 'node:crypto';
import type { EventFilter, EventOrder, EventPosition } from '../../domain/queries/event-query.ts';

/*
 * A cursor says where a reading goes on, and of which reading: its order and a digest of its filter are in it, so that
 * a cursor which wandered into another query is refused instead of answered wrongly. Base64url of
 *
 *   version 1 │ order 1 │ page 4 │ timestamp 8 │ id 16 │ digest of filter and order 8   (bytes, big-endian)
 */

export interface EventCursor {
  readonly order: EventOrder;
  /** Number of the page that it leads to, counted from 1. */
  readonly page: number;
  readonly after: EventPosition;
}

const version = 1;
const layout = { order: 1, page: 2, timestamp: 6, id: 14, digest: 30, length: 38 } as const;
const largestPage = 0xffff_ffff;

export function formatEventCursor(cursor: EventCursor, filter: EventFilter): string {
  const bytes = Buffer.alloc(layout.length);
  bytes.writeUInt8(version, 0);
  bytes.writeUInt8(cursor.order === 'asc' ? 1 : 0, layout.order);
  bytes.writeUInt32BE(Math.min(cursor.page, largestPage), layout.page);
  bytes.writeBigInt64BE(BigInt(cursor.after.timestamp), layout.timestamp);
  bytes.write(cursor.after.id.replaceAll('-', ''), layout.id, 'hex');
  digest(filter, cursor.order).copy(bytes, layout.digest);
  return bytes.toString('base64url');
}

/** Null when the text is no cursor of a reading with this filter. */
export function parseEventCursor(text: string, filter: EventFilter): EventCursor | null {
  const bytes = Buffer.from(text, 'base64url');
  if (bytes.length !== layout.length || bytes.toString('base64url') !== text) return null;
  if (bytes.readUInt8(0) !== version || bytes.readUInt8(layout.order) > 1) return null;
  const order = bytes.readUInt8(layout.order) === 1 ? 'asc' : 'desc';
  if (!digest(filter, order).equals(bytes.subarray(layout.digest))) return null;
  const page = bytes.readUInt32BE(layout.page);
  const timestamp = Number(bytes.readBigInt64BE(layout.timestamp));
  if (page === 0 || !Number.isSafeInteger(timestamp)) return null;
  const hex = bytes.toString('hex', layout.id, layout.digest);
  const id = hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
  return { order, page, after: { timestamp, id } };
}

/** The same for filters that mean the same: alternatives and conditions have no order. */
function digest(filter: EventFilter, order: EventOrder): Buffer {
  const { properties, project, start, end, ...lists } = filter;
  const fields = Object.entries(lists)
    .map(([name, values]) => [name, [...values].sort()])
    .sort(byText);
  const paths = properties?.map(({ path, values }) => [path, [...values].sort()]).sort(byText);
  const canonical = JSON.stringify([order, project, start ?? null, end ?? null, fields, paths ?? []]);
  return createHash('sha256')
    .update(canonical)
    .digest()
    .subarray(0, layout.length - layout.digest);
}

function byText(a: unknown, b: unknown): number {
  const [left, right] = [JSON.stringify(a), JSON.stringify(b)];
  return left < right ? -1 : left > right ? 1 : 0;
}
