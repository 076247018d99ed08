import type { EventBatchHeaders } from '@streamflow/contracts';
import { StreamFlowError } from '../../../domain/errors.ts';

/*
 * The headers of a batch as a JSON list, since their names would outweigh their values in a batch of one event:
 * [schema, project, type, count, client_ids, traceparent, the rest]; the last two are left out where they are empty.
 */

export function encodeBatchMeta(headers: EventBatchHeaders): string {
  const { schema, project, type, count, client_ids, traceparent, ...rest } = headers;
  const meta: unknown[] = [schema, project, type, count, client_ids ? 1 : 0];
  const extended = Object.keys(rest).length > 0;
  if (traceparent !== undefined || extended) meta.push(traceparent ?? 0);
  if (extended) meta.push(rest);
  return JSON.stringify(meta);
}

export function decodeBatchMeta(text: string): EventBatchHeaders {
  const meta: unknown = JSON.parse(text);
  if (!Array.isArray(meta)) throw unknownMeta(text);
  const [schema, project, type, count, clientIds, traceparent, rest]: unknown[] = meta;
  if (schema !== 1 || typeof project !== 'string' || typeof type !== 'string' || typeof count !== 'number') {
    throw unknownMeta(text);
  }
  return {
    ...(typeof rest === 'object' ? rest : undefined),
    schema,
    project,
    type,
    count,
    client_ids: clientIds === 1,
    ...(typeof traceparent === 'string' ? { traceparent } : undefined),
  };
}

/** The record is whole, so another version of StreamFlow wrote it. */
function unknownMeta(text: string): StreamFlowError {
  return new StreamFlowError('InternalError', 'A batch in the log has headers of an unknown form', {
    details: { headers: text },
  });
}
