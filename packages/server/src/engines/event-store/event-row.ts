import { type Event, severities } from '@streamflow/contracts';

/**
 * The event of a row with the columns of the events table, but for `event_id` and for the times `time` and `received` in
 * milliseconds since the epoch, so that no engine's way to write a time matters.
 */
export function readEventRow(row: Readonly<Record<string, unknown>>): Event {
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
