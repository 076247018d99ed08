import type { EventBatchHeaders } from '@streamflow/contracts';
import type { EventQueue } from '../port.ts';
import type { LogEntry } from './record.ts';

/*
 * The headers of a batch as a JSON list, since their names would outweigh their values in a batch of one event:
 * [schema, project, type, count, client_ids, traceparent, the rest, the only queue]; what is empty at the end is left
 * out. A batch with an only queue, which was published again after it had died there, is none of the others'.
 */

export interface BatchMeta {
  readonly headers: EventBatchHeaders;
  /** The queue that alone gets the batch; undefined when every queue does. */
  readonly onlyQueue: string | undefined;
}

export function encodeBatchMeta(headers: EventBatchHeaders): string {
  const { schema, project, type, count, client_ids, traceparent, ...rest } = headers;
  const meta: unknown[] = [schema, project, type, count, client_ids ? 1 : 0];
  const extended = Object.keys(rest).length > 0;
  if (traceparent !== undefined || extended) meta.push(traceparent ?? 0);
  if (extended) meta.push(rest);
  return JSON.stringify(meta);
}

/** Undefined when another version of StreamFlow wrote it. */
export function decodeBatchMeta(text: string): BatchMeta | undefined {
  const meta: unknown = JSON.parse(text);
  if (!Array.isArray(meta)) return undefined;
  const [schema, project, type, count, clientIds, traceparent, rest, onlyQueue]: unknown[] = meta;
  if (schema !== 1 || typeof project !== 'string' || typeof type !== 'string' || typeof count !== 'number') {
    return undefined;
  }
  return {
    headers: {
      ...(typeof rest === 'object' ? rest : undefined),
      schema,
      project,
      type,
      count,
      client_ids: clientIds === 1,
      ...(typeof traceparent === 'string' ? { traceparent } : undefined),
    },
    onlyQueue: typeof onlyQueue === 'string' ? onlyQueue : undefined,
  };
}

/** A batch that died in a queue, for that queue alone; its ids may be known by now. */
export function replayEntry({ meta, body }: LogEntry, queue: EventQueue): LogEntry {
  const fields: unknown = JSON.parse(meta);
  if (!Array.isArray(fields)) return { meta, body };
  const [schema, project, type, count, , traceparent = 0, rest = 0, , ...later]: unknown[] = fields;
  return {
    meta: JSON.stringify([schema, project, type, count, 1, traceparent, rest, queue, ...later]),
    body,
  };
}
