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

/** The content of an event line; one that is no JSON has a content that no event has. */
export function lineContent(line: Buffer): string {
  try {
    const value: unknown = JSON.parse(line.toString());
    return eventContent(typeof value === 'object' && value !== null ? { ...value } : {});
  } catch {
    return line.toString();
  }
}
