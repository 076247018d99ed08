import type { Event } from '@streamflow/contracts';
import { parseTimestamp } from '../../domain/events/timestamp.ts';

type Fields = Readonly<Record<string, unknown>>;

/** What stands for a field that was not sent. */
const defaults: Fields = {
  severity: 'medium',
  correlation_id: null,
  session_id: null,
  user_id: null,
  tags: [],
  data: {},
  metadata: {},
};
const compared = ['type', 'source', ...Object.keys(defaults)];

/** Whether an event, as it is sent, says the same as one that is stored, whenever each was received. */
export function saysTheSame(sent: string, stored: Event): boolean {
  const event = fieldsOf(JSON.parse(sent));
  const kept: Fields = { ...stored };
  // An event that was sent without a time has that of its first receipt.
  return isSameTime(event.timestamp, stored.timestamp) && contentOf(event) === contentOf(kept);
}

/** Whether two events, as they are sent, say the same. */
export function saySame(one: string, other: string): boolean {
  if (one === other) return true;
  const [first, second] = [fieldsOf(JSON.parse(one)), fieldsOf(JSON.parse(other))];
  return isSameTime(first.timestamp, second.timestamp) && contentOf(first) === contentOf(second);
}

function isSameTime(one: unknown, other: unknown): boolean {
  if (typeof one !== 'string' || typeof other !== 'string') return true;
  return parseTimestamp(one) === parseTimestamp(other);
}

const contentOf = (event: Fields): string =>
  JSON.stringify(compared.map((field) => event[field] ?? defaults[field]));

const fieldsOf = (value: unknown): Fields =>
  typeof value === 'object' && value !== null ? { ...value } : {};
