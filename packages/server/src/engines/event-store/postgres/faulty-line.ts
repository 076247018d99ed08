import { isErrorEvent } from '../../../domain/queries/matches-filter.ts';

/** The fields of a line one by one, first with its properties and then without; nothing when it is no event. */
export function readFields(line: Buffer): unknown[][] {
  const event = parse(line);
  if (event === null) return [];
  const { data, metadata, type, tags } = event;
  if (!isObject(data) || !isObject(metadata) || typeof type !== 'string') return [];
  if (!Array.isArray(tags) || !tags.every((tag) => typeof tag === 'string')) return [];
  const texts = ['id', 'timestamp', 'received_at', 'project', 'type', 'source', 'severity'].map(
    (name) => event[name],
  );
  if (!texts.every((text) => typeof text === 'string')) return [];
  const optional = ['correlation_id', 'session_id', 'user_id'].map((name) => event[name]);
  if (!optional.every((text) => text === null || typeof text === 'string')) return [];
  const [text, metadataText] = [data, metadata].map(stringify);
  if (text === null || metadataText === null) return [];
  const fields = [...texts, ...optional, tags, metadataText, text];
  const isError = isErrorEvent({ type, data });
  return [text, null].map((properties) => [...fields, properties, isError]);
}

function parse(line: Buffer): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(line.toString());
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}

/** Null for what is nested too deeply to be written. */
function stringify(value: unknown): string | null {
  try {
    return JSON.stringify(value);
  } catch {
    return null;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
