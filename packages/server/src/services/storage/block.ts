import { eventLineLayout } from '@streamflow/contracts';
import type { Delivery } from '../../engines/bus/port.ts';
import type { EventBlock } from '../../engines/event-store/port.ts';
import type { BlockLimits } from './flush-rule.ts';

/** Deliveries in the order of their arrival, counted. */
export interface Waiting {
  readonly deliveries: Delivery[];
  rows: number;
  bytes: number;
}

export const nothingWaiting = (): Waiting => ({ deliveries: [], rows: 0, bytes: 0 });

export function addWaiting(waiting: Waiting, delivery: Delivery): void {
  waiting.deliveries.push(delivery);
  waiting.rows += delivery.batch.headers.count;
  waiting.bytes += delivery.batch.body.length;
}

export const isFull = (waiting: Waiting, limits: BlockLimits): boolean =>
  waiting.rows >= limits.maxRows || waiting.bytes >= limits.maxBytes;

/** Takes the oldest deliveries that fit in one block, and at least one. */
export function takeBlock(waiting: Waiting, limits: BlockLimits): Delivery[] {
  let taken = 0;
  let rows = 0;
  let bytes = 0;
  for (const { batch } of waiting.deliveries) {
    const { count } = batch.headers;
    const { length } = batch.body;
    if (taken > 0 && (rows + count > limits.maxRows || bytes + length > limits.maxBytes)) break;
    taken++;
    rows += count;
    bytes += length;
  }
  waiting.rows -= rows;
  waiting.bytes -= bytes;
  return waiting.deliveries.splice(0, taken);
}

/** The block of these deliveries. Ids that no client chose are new unless the batch was handed out before. */
export function blockOf(deliveries: readonly Delivery[]): EventBlock {
  const [only] = deliveries;
  const lines =
    deliveries.length === 1 && only !== undefined
      ? only.batch.body
      : Buffer.concat(deliveries.map(({ batch }) => batch.body));
  let count = 0;
  let mayBeKnown = false;
  for (const { batch, redelivered } of deliveries) {
    count += batch.headers.count;
    mayBeKnown ||= redelivered || batch.headers.client_ids;
  }
  return { lines, count, mayBeKnown };
}

/** When the first event of these deliveries was received, milliseconds since the epoch; null without any. */
export function oldestReceivedAt(deliveries: readonly Delivery[]): number | null {
  const body = deliveries[0]?.batch.body;
  if (body === undefined) return null;
  const { start, end } = eventLineLayout.receivedAt;
  const time = Date.parse(body.toString('latin1', start, end));
  return Number.isNaN(time) ? null : time;
}
