import type { EventInput } from '@streamflow/contracts';
import type { Environment } from './environment.ts';
import { TrackError } from './track-error.ts';

/** An event as an application tracks it. `id` and `timestamp` are made when it carries none. */
export interface TrackInput extends Omit<EventInput, 'source' | 'timestamp'> {
  /** The client's `source` unless given. */
  readonly source?: string;
  /** When it happened; now, unless given. */
  readonly timestamp?: string | Date;
}

/** An event in the form in which it travels: what the application does to its objects later changes nothing. */
export interface TrackedEvent {
  readonly id: string;
  readonly json: string;
  /** UTF-8 bytes of the JSON. */
  readonly bytes: number;
}

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/**
 * Checks what would be refused in any case and costs next to nothing to see; the rest is the server's to judge.
 * @throws TrackError of the kind `invalid`
 */
export function serialiseEvent(
  input: TrackInput,
  source: string | undefined,
  makeId: () => string,
  environment: Environment,
): TrackedEvent {
  const invalid = (message: string, cause?: unknown): TrackError =>
    new TrackError('invalid', message, [withoutDate(input)], cause);

  if (typeof input.type !== 'string' || input.type === '') throw invalid('An event needs a type');
  const from = input.source ?? source;
  if (from === undefined || from === '')
    throw invalid('An event needs a source: its own, or that of the client');
  if (input.data !== undefined && !isObject(input.data)) throw invalid('data must be an object');
  if (input.metadata !== undefined && !isObject(input.metadata)) throw invalid('metadata must be an object');
  if (input.id !== undefined && !uuid.test(input.id)) throw invalid('id must be a UUID');

  const timestamp = input.timestamp ?? new Date(environment.now());
  if (timestamp instanceof Date && Number.isNaN(timestamp.getTime()))
    throw invalid('timestamp is not a valid date');

  const id = input.id ?? makeId();
  try {
    const json = JSON.stringify({ ...input, id, source: from, timestamp });
    return { id, json, bytes: utf8Length(json) };
  } catch (error) {
    throw invalid(`The event cannot be written as JSON: ${String(error)}`, error);
  }
}

const isObject = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function withoutDate({ timestamp, ...rest }: TrackInput): Partial<EventInput> {
  if (timestamp === undefined || typeof timestamp === 'string')
    return timestamp === undefined ? rest : { ...rest, timestamp };
  return Number.isNaN(timestamp.getTime()) ? rest : { ...rest, timestamp: timestamp.toISOString() };
}

/** UTF-8 bytes of text without lone surrogates, which JSON.stringify escapes. */
function utf8Length(text: string): number {
  let bytes = text.length;
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    if (unit < 0x80) continue;
    // Each half of a surrogate pair accounts for two of the pair's four bytes.
    bytes += unit < 0x800 || (unit >= 0xd800 && unit <= 0xdfff) ? 1 : 2;
  }
  return bytes;
}
