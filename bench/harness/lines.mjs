import { randomUUID } from 'node:crypto';
import { formatEventLine } from '@streamflow/contracts';
import { makeEvent } from './events.mjs';

/** The load generator's events as the lines that ingestion makes of them, received now. */
export function makeLines(random, count) {
  let text = '';
  for (let index = 0; index < count; index += 1) {
    const now = new Date().toISOString();
    text += `${formatEventLine({
      ...makeEvent(random),
      id: randomUUID(),
      timestamp: now,
      received_at: now,
      project: 'default',
      correlation_id: null,
      metadata: {},
    })}\n`;
  }
  return Buffer.from(text);
}
