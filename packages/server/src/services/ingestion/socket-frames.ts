import type { IngestionServerFrame, Issue } from '@streamflow/contracts';
import { validationError } from '../../domain/errors.ts';
import { type JsonDocument, refuseUnknownFields } from '../../domain/events/strict-json.ts';
import { errorFrame, maxRefLength, refOf, withRef } from '../../http/socket-frames.ts';

const fieldsOf = {
  auth: ['type', 'token', 'ref'],
  event: ['type', 'data', 'ref'],
  batch: ['type', 'data', 'ref'],
  ping: ['type', 'ref'],
} as const;
type FrameType = keyof typeof fieldsOf;
const frameTypes = Object.keys(fieldsOf);
const batchFields = ['events', 'partial', 'sent_at'];

const isFrameType = (type: unknown): type is FrameType =>
  typeof type === 'string' && frameTypes.includes(type);

/** A frame whose outer form is right; what is in `data` is still as it was sent. */
export interface Frame {
  readonly type: FrameType;
  readonly token: unknown;
  readonly data: unknown;
}

export function readFrame({ value }: JsonDocument): Frame {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw validationError([{ field: '', message: 'A frame must be an object' }]);
  const type = 'type' in value ? value.type : undefined;
  if (!isFrameType(type)) {
    throw validationError([
      { field: 'type', message: `type must be one of ${frameTypes.join(', ')}`, allowed_values: frameTypes },
    ]);
  }
  refuseUnknownFields(value, fieldsOf[type]);
  if ('ref' in value && refOf(value) === undefined) {
    throw validationError([
      { field: 'ref', message: `ref must be text of at most ${maxRefLength} characters` },
    ]);
  }
  return {
    type,
    token: 'token' in value ? value.token : undefined,
    data: 'data' in value ? value.data : undefined,
  };
}

export interface BatchFrameData {
  readonly events: unknown;
  readonly partial: boolean;
  /** Undefined when it was not sent. */
  readonly sentAt: unknown;
}

export function readBatchData(data: unknown): BatchFrameData {
  if (typeof data !== 'object' || data === null || Array.isArray(data))
    throw validationError([{ field: 'data', message: 'data must be an object with a list of events' }]);
  refuseUnknownFields(data, batchFields, ['data']);
  const partial = 'partial' in data ? data.partial : false;
  if (typeof partial !== 'boolean')
    throw validationError([{ field: 'data.partial', message: 'data.partial must be a boolean' }]);
  return {
    events: 'events' in data ? data.events : undefined,
    partial,
    sentAt: 'sent_at' in data ? data.sent_at : undefined,
  };
}

/** Frames to the client, as text. */
export const serverFrames = {
  ready: (ref: string | undefined): string => frame({ type: 'ready', ...withRef(ref) }),
  ack: (eventId: string, ref: string | undefined): string =>
    frame({ type: 'ack', event_id: eventId, ...withRef(ref) }),
  batchAck: (
    eventIds: readonly (string | null)[],
    issues: readonly Issue[],
    ref: string | undefined,
  ): string =>
    frame({
      type: 'ack',
      event_ids: [...eventIds],
      ...(issues.length > 0 ? { errors: [...issues] } : {}),
      ...withRef(ref),
    }),
  pong: (timestamp: string, ref: string | undefined): string =>
    frame({ type: 'pong', timestamp, ...withRef(ref) }),
  error: (error: unknown, ref: string | undefined): string => frame(errorFrame(error, ref)),
};

const frame = (value: IngestionServerFrame): string => JSON.stringify(value);
