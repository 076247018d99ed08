import { type Event, severities } from '@streamflow/contracts';
import type { Row } from '../../postgres/postgres.ts';

/** Milliseconds since the epoch of a time; exact. */
export const millisecondsSql = (time: string): string =>
  `(extract(epoch from ${time}) * 1000)::double precision`;

/** What a query of events selects. */
export const eventColumns =
  `id::text as id, type, source, ${millisecondsSql('timestamp')} as time, severity, data, metadata, ` +
  `correlation_id, session_id, user_id, tags, ${millisecondsSql('received_at')} as received`;

/** The event of a row of {@link eventColumns}. */
export function readEventRow(row: Row): Event {
  const severity = severities.find((name) => name === row.severity);
  return {
    id: String(row.id),
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
