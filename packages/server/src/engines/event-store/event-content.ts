const compared = [
  'timestamp',
  'type',
  'source',
  'severity',
  'correlation_id',
  'session_id',
  'user_id',
  'tags',
  'data',
  'metadata',
] as const;

/** What tells an event from another one of the same id: everything but the time of receipt. */
export function eventContent(event: Readonly<Record<string, unknown>>): string {
  return JSON.stringify(compared.map((key) => event[key]));
}

/** The content of an event line. */
export function lineContent(line: Buffer): string {
  const value: unknown = JSON.parse(line.toString());
  return eventContent(typeof value === 'object' && value !== null ? { ...value } : {});
}
