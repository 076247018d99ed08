/** How many are told of a batch at most. */
const most = 10;

/** Correlation ids of the events of a batch, each once, as far as its lines can be read; for log lines about it. */
export function correlationIdsOf(body: Buffer): readonly string[] {
  const found = new Set<string>();
  for (const line of body.toString('utf8').split('\n')) {
    const id = correlationIdOfLine(line);
    if (id !== null) found.add(id);
    if (found.size === most) break;
  }
  return [...found];
}

function correlationIdOfLine(line: string): string | null {
  try {
    const event: unknown = JSON.parse(line);
    if (typeof event !== 'object' || event === null || !('correlation_id' in event)) return null;
    return typeof event.correlation_id === 'string' ? event.correlation_id : null;
  } catch {
    return null;
  }
}
