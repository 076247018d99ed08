import { EventInput, type Issue, severities, uuidPattern } from '@streamflow/contracts';
import type { TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import { type EventTypes, isWellFormedEventType } from './event-types.ts';
import { formatJsonPath } from './json-defects.ts';
import type { EventLimits } from './limits.ts';
import { formatTimestamp, isWithinRange, parseTimestamp, timestampForm } from './timestamp.ts';

/** What an event is checked against. */
export interface EventRules {
  readonly types: EventTypes;
  readonly limits: EventLimits;
}

/** When and how a request came in, the same for all of its events. */
export interface Receipt {
  readonly project: string;
  /** Our clock at receipt, milliseconds since the epoch. */
  readonly receivedAt: number;
  /** `receivedAt` as it stands in events. */
  readonly receivedAtText: string;
  /** Our clock less the sender's, milliseconds; 0 when the sender did not tell. */
  readonly shift: number;
}

const maxIssues = 20;
const knownFields = Object.keys(EventInput.properties);
const uuid = new RegExp(uuidPattern);

export const isUuid = (text: string): boolean => uuid.test(text);

const compile = (schema: TSchema): ((value: unknown) => boolean) => {
  const validator = Compile(schema);
  return (value) => validator.Check(value);
};
const { source, severity, data, correlation_id, tags } = EventInput.properties;
const isSource = compile(source);
const isSeverity = compile(severity);
const isJsonObject = compile(data);
const isIdentifier = compile(correlation_id);
const isTag = compile(tags.items);

/** Says everything that is wrong with an event: slow, for those that the quick check refused. */
export function eventIssues(input: unknown, receipt: Receipt, { types, limits }: EventRules): Issue[] {
  if (typeof input !== 'object' || input === null || Array.isArray(input))
    return [{ field: '', message: 'An event must be an object' }];
  const issues: Issue[] = [];
  const fields = new Map<string, unknown>(Object.entries(input));
  const refuse = (field: string, message: string, allowed?: readonly unknown[]): void => {
    issues.push({ field, message, ...(allowed === undefined ? {} : { allowed_values: [...allowed] }) });
  };
  const expect = (field: string, isRight: (value: unknown) => boolean, expected: string): void => {
    if (fields.has(field) && !isRight(fields.get(field))) refuse(field, `${field} must be ${expected}`);
  };

  for (const field of ['type', 'source']) {
    if (!fields.has(field)) refuse(field, `${field} is missing`);
  }
  const type = fields.get('type');
  if (fields.has('type') && !(typeof type === 'string' && isAllowedType(type, types)))
    refuse('type', 'Invalid event type provided', types.allowed ?? undefined);
  expect('source', isSource, 'text of 1 to 256 characters');
  expect('id', (value) => typeof value === 'string' && isUuid(value), 'a UUID');
  if (fields.has('timestamp')) {
    const problem = timestampProblem(fields.get('timestamp'), receipt, limits);
    if (problem !== undefined) refuse('timestamp', problem);
  }
  if (fields.has('severity') && !isSeverity(fields.get('severity')))
    refuse('severity', `severity must be one of ${severities.join(', ')}`, severities);
  for (const field of ['data', 'metadata']) expect(field, isJsonObject, 'an object');
  for (const field of ['correlation_id', 'session_id', 'user_id'])
    expect(field, isIdentifier, 'text of 1 to 256 characters, or null');
  if (fields.has('tags')) issues.push(...tagIssues(fields.get('tags'), limits.maxTags));
  for (const field of fields.keys()) {
    if (issues.length >= maxIssues) break;
    const path = formatJsonPath([field]);
    if (!knownFields.includes(field)) refuse(path, `${path} is not a known field`, knownFields);
  }
  return issues.slice(0, maxIssues);
}

const isAllowedType = (type: string, types: EventTypes): boolean =>
  isWellFormedEventType(type) && types.labelOf(type) !== undefined;

function tagIssues(value: unknown, maxTags: number): Issue[] {
  if (!Array.isArray(value)) return [{ field: 'tags', message: 'tags must be a list of text' }];
  if (value.length > maxTags) {
    return [{ field: 'tags', message: `An event has at most ${maxTags} tags; this one has ${value.length}` }];
  }
  return value.flatMap((tag, position) =>
    isTag(tag)
      ? []
      : [{ field: `tags.${position}`, message: `tags.${position} must be text of 1 to 128 characters` }],
  );
}

function timestampProblem(
  value: unknown,
  { receivedAt, shift }: Receipt,
  { maxFutureSeconds }: EventLimits,
): string | undefined {
  const milliseconds = typeof value === 'string' ? parseTimestamp(value) + shift : Number.NaN;
  if (Number.isNaN(milliseconds)) return `timestamp must be ${timestampForm}`;
  if (!isWithinRange(milliseconds))
    return `timestamp must be ${timestampForm}; by the time of sending that came along, it is ${formatTimestamp(milliseconds)}`;
  if (milliseconds > receivedAt + maxFutureSeconds * 1000)
    return `timestamp is more than ${maxFutureSeconds} seconds ahead of the clock here, which shows ${formatTimestamp(receivedAt)}`;
  return undefined;
}
