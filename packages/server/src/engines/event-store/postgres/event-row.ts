/** Milliseconds since the epoch of a time; exact. */
export const millisecondsSql = (time: string): string =>
  `(extract(epoch from ${time}) * 1000)::double precision`;

/** What a query of events selects, for `readEventRow`. */
export const eventColumns =
  `id::text as event_id, type, source, ${millisecondsSql('timestamp')} as time, severity, data, metadata, ` +
  `correlation_id, session_id, user_id, tags, ${millisecondsSql('received_at')} as received`;
