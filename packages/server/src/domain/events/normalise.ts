import { EventInput, formatEventLine, type Issue } from '@streamflow/contracts';
import Type from 'typebox';
import { Compile } from 'typebox/compile';
import { validationError } from '../errors.ts';
import { type EventRules, eventIssues, isUuid, type Receipt } from './event-issues.ts';
import { canonicalTimestamp, isWithinRange, parseTimestamp } from './timestamp.ts';

/** An event that may be published. */
export interface AcceptedEvent {
  readonly id: string;
  readonly type: string;
  /** What the type is counted under; see EventTypes. */
  readonly label: string;
  /** Whether the client chose the id, so that it may be known already. */
  readonly idFromClient: boolean;
  /** See contracts, event-line; without the line feed. */
  readonly line: string;
}

export interface RefusedEvent {
  readonly issues: readonly [Issue, ...Issue[]];
}

/** Turns an event as it was sent into its line, or says everything that is wrong with it. */
export type Normalise = (input: unknown, receipt: Receipt) => AcceptedEvent | RefusedEvent;

/** The key of `metadata` that keeps a timestamp as it was sent when a wrong clock was corrected. */
export const originalTimestampKey = 'original_timestamp';

// The contract without what is checked faster below: the formats, and a pattern for every key of an object.
const AnyObject = Type.Unsafe<Record<string, unknown>>(Type.Object({}));
const quickCheck = Compile(
  Type.Object(
    {
      ...EventInput.properties,
      id: Type.Optional(Type.String()),
      timestamp: Type.Optional(Type.String()),
      data: Type.Optional(AnyObject),
      metadata: Type.Optional(AnyObject),
    },
    { additionalProperties: false },
  ),
);

/** A UTF-16 unit takes at most so many bytes of UTF-8. */
const maxBytesPerUnit = 3;
/** A timestamp may be sent in a longer form than the line has. */
const timestampSlack = 64;

export function createNormalise(rules: EventRules, newId: () => string): Normalise {
  const { types, limits } = rules;
  const maxAheadMs = limits.maxFutureSeconds * 1000;
  const surelySmall = limits.maxEventBytes / maxBytesPerUnit - timestampSlack;

  return (input, receipt) => {
    if (!quickCheck.Check(input)) return refuse(input, receipt, rules);
    const { id, type, timestamp, tags = noTags } = input;
    const label = types.labelOf(type);
    if (label === undefined || tags.length > limits.maxTags || (id !== undefined && !isUuid(id)))
      return refuse(input, receipt, rules);

    let { metadata = noMetadata } = input;
    let when = receipt.receivedAtText;
    if (timestamp !== undefined) {
      const sent = parseTimestamp(timestamp);
      const shifted = sent + receipt.shift;
      if (!(shifted <= receipt.receivedAt + maxAheadMs) || !isWithinRange(shifted))
        return refuse(input, receipt, rules);
      when = canonicalTimestamp(timestamp, sent, receipt.shift);
      // What a relay has corrected before us keeps the timestamp of the device.
      if (receipt.shift !== 0 && !Object.hasOwn(metadata, originalTimestampKey))
        metadata = { ...metadata, [originalTimestampKey]: timestamp };
    }

    const identity = id === undefined ? newId() : id.toLowerCase();
    const line = formatEventLine({
      id: identity,
      timestamp: when,
      received_at: receipt.receivedAtText,
      project: receipt.project,
      type,
      source: input.source,
      severity: input.severity ?? 'medium',
      correlation_id: input.correlation_id ?? null,
      session_id: input.session_id ?? null,
      user_id: input.user_id ?? null,
      tags,
      metadata,
      data: input.data ?? noData,
    });
    if (line.length > surelySmall) {
      const bytes = Buffer.byteLength(JSON.stringify(input));
      if (bytes > limits.maxEventBytes) return tooLarge(bytes, limits.maxEventBytes);
    }
    return { id: identity, type, label, idFromClient: id !== undefined, line };
  };
}

/** The event, or a ValidationError with everything that is wrong with it. */
export function orThrow(result: AcceptedEvent | RefusedEvent): AcceptedEvent {
  if ('issues' in result) throw validationError(result.issues);
  return result;
}

const noTags: string[] = [];
const noMetadata: Record<string, unknown> = {};
const noData: Record<string, unknown> = {};

function refuse(input: unknown, receipt: Receipt, rules: EventRules): RefusedEvent {
  const [first, ...others] = eventIssues(input, receipt, rules);
  if (first === undefined) throw new Error('An event was refused for no reason');
  return { issues: [first, ...others] };
}

const tooLarge = (bytes: number, maxBytes: number): RefusedEvent => ({
  issues: [
    { field: '', message: `An event has at most ${maxBytes} bytes as compact JSON; this one has ${bytes}` },
  ],
});
