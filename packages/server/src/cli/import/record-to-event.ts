import { uuidPattern } from '@streamflow/contracts';
import { StreamFlowError } from '../../domain/errors.ts';
import { refuseDefects } from '../../domain/events/strict-json.ts';
import { type FieldMapping, type ResolvedMapping, resolveMappings, takeField } from './field-mapping.ts';
import { isObject, type SourceRecord } from './record.ts';
import { RecordIds } from './record-id.ts';
import type { SentEvent } from './sent-event.ts';
import { normaliseTimestamp } from './timestamp.ts';

export interface EventDefaults {
  readonly mappings: readonly FieldMapping[];
  /** Type and source of events that have none. */
  readonly type: string | undefined;
  readonly source: string;
  /** Sets the derived ids of files apart that have the same content and are not the same. */
  readonly namespace: string;
}

/** An event as it is sent, or why the record is none. */
export type RecordOutcome = SentEvent | { readonly reason: string };

export interface RecordConverter {
  /** What the mappings mean for this file. */
  readonly resolved: readonly ResolvedMapping[];
  /** Every record of the file that can be read, in their order: {@link RecordIds}. */
  convert(record: SourceRecord): RecordOutcome;
  /** A record that is not wanted; others may have ids that depend on it. */
  pass(record: SourceRecord): void;
}

const uuid = new RegExp(uuidPattern);
const fieldNames: ReadonlySet<string> = new Set([
  'id',
  'type',
  'source',
  'timestamp',
  'severity',
  'data',
  'metadata',
  'correlation_id',
  'session_id',
  'user_id',
  'tags',
  // In what StreamFlow exports; not sent again.
  'received_at',
]);
/** Deeper than any limit of the server, which has the last word; bounds the search for what cannot be stored. */
const maxDepth = 256;

/**
 * Makes events of the records of one file. Without mappings, a record all of whose fields are event fields is an event
 * as it is, and any other is `data`; with mappings, they say what becomes of its fields, and the rest is `data`.
 *
 * @param sample the first records of the file, which decide what is a field and what a literal
 */
export function createRecordConverter(
  defaults: EventDefaults,
  sample: readonly SourceRecord[],
): RecordConverter {
  const resolved = resolveMappings(
    defaults.mappings,
    sample.map((record) => record.value),
  );
  const ids = new RecordIds(defaults.namespace);
  return {
    resolved,
    pass: (record) => ids.pass(record.text),
    convert(record) {
      ids.pass(record.text);
      if (resolved.length === 0 && isEvent(record.value)) return asEvent(record, record.value, defaults, ids);
      try {
        if (record.isJson) refuseDefects({ text: record.text, value: record.value }, { maxDepth });
      } catch (error) {
        if (!(error instanceof StreamFlowError)) throw error;
        const { field } = error.details;
        return { reason: field === undefined ? error.message : `${field}: ${error.message}` };
      }
      return asData(record, resolved, defaults, ids);
    },
  };
}

const noType = { reason: 'has no type; say --type, or --map type=…' };

function isEvent(value: Record<string, unknown>): boolean {
  for (const name in value) if (!fieldNames.has(name)) return false;
  return value.type !== undefined || value.data !== undefined;
}

/** A record that is an event. Its JSON is sent as it stands in the file wherever it can be. */
function asEvent(
  record: SourceRecord,
  value: Record<string, unknown>,
  { type, source }: EventDefaults,
  ids: RecordIds,
): RecordOutcome {
  if (value.type === undefined && type === undefined) return noType;
  const missing: Record<string, unknown> = {};
  const id = value.id === undefined ? ids.idOf(record.ordinal, record.text) : String(value.id).toLowerCase();
  if (value.id === undefined) missing.id = id;
  if (value.type === undefined) missing.type = type;
  if (value.source === undefined) missing.source = source;

  const isTimeAsSent =
    value.timestamp === undefined || normaliseTimestamp(value.timestamp) === value.timestamp;
  if (record.isJson && isTimeAsSent && value.received_at === undefined) {
    const added = JSON.stringify(missing);
    return { id, json: added === '{}' ? record.text : spliceFields(added, record.text) };
  }
  const event: Record<string, unknown> = { ...missing, ...value, received_at: undefined };
  if (!isTimeAsSent) {
    event.timestamp = normaliseTimestamp(value.timestamp);
    if (event.timestamp === undefined) return { reason: notATime(value.timestamp) };
  }
  if (!record.isJson) {
    for (const name of ['data', 'metadata']) event[name] = fromJsonText(value[name]);
    if (value.tags !== undefined) event.tags = asTags(value.tags);
    for (const name of ['correlation_id', 'session_id', 'user_id'])
      if (value[name] !== undefined) event[name] = String(value[name]);
  }
  return { id, json: JSON.stringify(event) };
}

/** `{"a":1}` and `{"b":2}` as `{"a":1,"b":2}`. */
const spliceFields = (added: string, object: string): string =>
  `${added.slice(0, -1)},${object.slice(object.indexOf('{') + 1)}`;

function asData(
  record: SourceRecord,
  mappings: readonly ResolvedMapping[],
  defaults: EventDefaults,
  ids: RecordIds,
): RecordOutcome {
  const event: Record<string, unknown> = { id: undefined, type: defaults.type, source: defaults.source };
  for (const mapping of mappings) {
    const value = 'literal' in mapping ? mapping.literal : takeField(record.value, mapping.path);
    if (value === undefined) continue;
    const field = convertField(mapping.target, value, ids);
    if (field === undefined)
      return {
        reason:
          mapping.target === 'timestamp'
            ? notATime(value)
            : `${mapping.target} cannot be ${JSON.stringify(value)}`,
      };
    event[mapping.target] = field;
  }
  if (event.type === undefined) return noType;
  event.id ??= ids.idOf(record.ordinal, record.text);
  event.data = record.value;
  return { id: String(event.id).toLowerCase(), json: JSON.stringify(event) };
}

function convertField(target: ResolvedMapping['target'], value: unknown, ids: RecordIds): unknown {
  switch (target) {
    case 'timestamp':
      return normaliseTimestamp(value);
    case 'tags':
      return asTags(value);
    case 'metadata': {
      const object = fromJsonText(value);
      return isObject(object) ? object : undefined;
    }
    default: {
      if (typeof value === 'object') return undefined;
      const text = String(value);
      if (target === 'severity') return text.toLowerCase();
      return target !== 'id' || uuid.test(text) ? text : ids.named(text);
    }
  }
}

const notATime = (value: unknown): string => `timestamp ${JSON.stringify(value)} is not a time`;

/** A list, the JSON of one, or names separated by commas. */
function asTags(value: unknown): unknown {
  const parsed = fromJsonText(value);
  if (Array.isArray(parsed)) return parsed.map(String);
  if (typeof parsed === 'object') return undefined;
  return String(parsed)
    .split(',')
    .map((tag) => tag.trim())
    .filter((tag) => tag !== '');
}

/** What the text says when it is the JSON of an object or a list; else the value itself. */
function fromJsonText(value: unknown): unknown {
  if (typeof value !== 'string' || !/^\s*[[{]/.test(value)) return value;
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}
