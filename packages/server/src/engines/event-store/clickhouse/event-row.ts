/** What a query of events selects, for `readEventRow`. */
export const eventColumns =
  'toString(id) AS event_id, type, source, toUnixTimestamp64Milli(timestamp) AS time, severity, data, metadata, ' +
  'correlation_id, session_id, user_id, tags, toUnixTimestamp64Milli(received_at) AS received';
