import type { DeadLetter, EventQueue } from '../port.ts';
import { decodeBatchMeta } from './batch-meta.ts';
import type { LogEntry } from './record.ts';
import type { StoredRecord } from './record-reader.ts';

/*
 * The dead letters' log has records of two kinds, told apart by their meta, a JSON list:
 *
 *   [queue, at, reason, the batch's meta, id?]   a letter; its id is its offset unless it was moved
 *   ["removed", id]                              the letter of that id is none any more; no body
 */

/** A letter on its way to the log. */
export interface Burial {
  readonly queue: EventQueue;
  readonly at: number;
  readonly reason: string;
  /** The batch as it stands in the bus's log. */
  readonly batch: LogEntry;
}

export interface StoredLetter {
  readonly letter: DeadLetter;
  readonly burial: Burial;
}

export type DeadRecord =
  | { readonly kind: 'letter'; readonly stored: StoredLetter }
  | { readonly kind: 'removed'; readonly id: string }
  | { readonly kind: 'unknown' };

const removed = 'removed';

export function encodeLetter({ queue, at, reason, batch }: Burial, id?: string): LogEntry {
  const meta = [queue, at, reason, batch.meta, ...(id === undefined ? [] : [id])];
  return { meta: JSON.stringify(meta), body: batch.body };
}

export const encodeRemoval = (id: string): LogEntry => ({
  meta: JSON.stringify([removed, id]),
  body: Buffer.alloc(0),
});

export function decodeDeadRecord({ offset, meta, body }: StoredRecord): DeadRecord {
  const fields: unknown = JSON.parse(meta);
  if (!Array.isArray(fields)) return { kind: 'unknown' };
  const [queue, at, reason, batchMeta, movedId]: unknown[] = fields;
  if (queue === removed && typeof at === 'string') return { kind: 'removed', id: at };
  if (
    !isQueue(queue) ||
    typeof at !== 'number' ||
    typeof reason !== 'string' ||
    typeof batchMeta !== 'string'
  ) {
    return { kind: 'unknown' };
  }
  const id = typeof movedId === 'string' ? movedId : String(offset);
  const batch = decodeBatchMeta(batchMeta)?.headers ?? null;
  const letter = {
    id,
    queue,
    reason,
    at,
    batch,
    bytes: body.length,
    headers: batch ?? { meta: batchMeta },
    body,
  };
  return {
    kind: 'letter',
    stored: { letter, burial: { queue, at, reason, batch: { meta: batchMeta, body } } },
  };
}

const isQueue = (name: unknown): name is EventQueue =>
  name === 'events.storage' || name === 'events.analytics';
