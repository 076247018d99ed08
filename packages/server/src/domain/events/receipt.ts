import type { Clock } from '../clock.ts';
import { validationError } from '../errors.ts';
import type { Receipt } from './event-issues.ts';
import { formatTimestamp, parseTimestamp, timestampForm } from './timestamp.ts';

/** Where a request told its sender's clock. */
export interface SentAt {
  readonly value: unknown;
  /** What an error names: `sent_at`, `X-Sent-At`. */
  readonly field: string;
}

/** Notes when a request came in. Throws a ValidationError when what it tells about its clock is no time. */
export type TakeReceipt = (project: string, sentAt?: SentAt) => Receipt;

/**
 * What the way here takes looks like a clock that is slow. Shifting by it would give an event another timestamp each
 * time that it is sent, and every event of a well-kept clock an original timestamp in its metadata.
 */
const toleranceMs = 1000;

export function createTakeReceipt(clock: Clock): TakeReceipt {
  // Many requests come in within a millisecond, and formatting a time costs as much as checking an event.
  let lastTime = Number.NaN;
  let lastText = '';
  return (project, sentAt) => {
    const receivedAt = clock.now();
    if (receivedAt !== lastTime) {
      lastText = formatTimestamp(receivedAt);
      lastTime = receivedAt;
    }
    const difference = sentAt === undefined ? 0 : receivedAt - timeOf(sentAt);
    const shift = Math.abs(difference) <= toleranceMs ? 0 : difference;
    return { project, receivedAt, receivedAtText: lastText, shift };
  };
}

function timeOf({ value, field }: SentAt): number {
  const milliseconds = typeof value === 'string' ? parseTimestamp(value) : Number.NaN;
  if (Number.isNaN(milliseconds)) {
    throw validationError([{ field, message: `${field} must be ${timestampForm}` }]);
  }
  return milliseconds;
}
