import type { Event } from '@streamflow/contracts';

/** The events of the lines of a batch, in their order; null for a line that is none. */
export function parseEventLines(text: string): readonly (Event | null)[] {
  const lines = text.trimEnd();
  try {
    // One call for all lines costs less than one for each.
    return JSON.parse(`[${lines.replaceAll('\n', ',')}]`);
  } catch {
    return lines.split('\n').map(parseEventLine);
  }
}

/** Null when the line is not an event. */
export function parseEventLine(line: string): Event | null {
  try {
    return JSON.parse(line);
  } catch {
    return null;
  }
}
