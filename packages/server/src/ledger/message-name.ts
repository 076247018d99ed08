import { createHash } from 'node:crypto';
import type { EventBatch } from '../engines/bus/port.ts';

/**
 * What the ledger calls a message: a hash of its lines, each of which was received once. So it is the same however
 * often the bus delivers the message, and when it comes back from the dead letters under another id of the bus.
 */
export const messageName = ({ body }: Pick<EventBatch, 'body'>): string =>
  createHash('sha256').update(body).digest('hex').slice(0, 40);
