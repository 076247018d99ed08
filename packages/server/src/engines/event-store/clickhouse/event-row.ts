import type { Event } from '@streamflow/contracts';
import { severities } from '@streamflow/contracts';
import type { Row } from './statements.ts';

/** What a query of events selects. */
export const eventColumns =
  'toString(id) AS event_id, type, source, toUnixTimestamp64Milli(timestamp) AS time, severity, data, metadata, ' +
  'correlation_id, session_id, user_id, tags, toUnixTimestamp64Milli(received_at) AS received';

/** The event of a row of {@link eventColumns}. */
export function readEventRow(row: Row): Event {
  const severity = severities.find((name) => name === row.severity);
  return {
    id: String(row.event_id),
    type: String(row.type),
    source: String(row.source),
    timestamp: new Date(Number(row.time)).toISOString(),
    severity: severity ?? 'medium',
    data: readObject(row.data),
    metadata: readObject(row.metadata),
    correlation_id: readNullable(row.correlation_id),
    session_id: readNullable(row.session_id),
    user_id: readNullable(row.user_id),
    tags: Array.isArray(row.tags) ? row.tags.map(String) : [],
    received_at: new Date(Number(row.received)).toISOString(),
  };
}

function readNullable(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

function readObject(text: unknown): Record<string, unknown> {
  const value: unknown = JSON.parse(String(text));
  return typeof value === 'object' && value !== null ? { ...value } : {};
}
