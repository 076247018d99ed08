import type { Clock } from '../../domain/clock.ts';
import { StreamFlowError } from '../../domain/errors.ts';
import type { Receipt } from '../../domain/events/event-issues.ts';
import type { EventLimits } from '../../domain/events/limits.ts';
import type { AcceptedEvent, Normalise } from '../../domain/events/normalise.ts';
import type { TakeReceipt } from '../../domain/events/receipt.ts';
import type { MinuteCounts } from '../../ledger/minute-counts.ts';
import type { IngestionObserver, RefusalReason } from './observer.ts';
import type { PublishDone, Publisher } from './publisher.ts';
import type { RecentIds } from './recent-ids.ts';

/** What every way into ingestion shares. */
export interface Intake {
  readonly clock: Clock;
  readonly limits: EventLimits;
  readonly normalise: Normalise;
  readonly takeReceipt: TakeReceipt;
  readonly publisher: Publisher;
  readonly recent: RecentIds;
  readonly observer: IngestionObserver;
  /** Told what was refused. */
  readonly counts: Pick<MinuteCounts, 'of'>;
}

/** Publishes events, and remembers them for readers that come at once. */
export function publishEvents(
  { publisher, recent }: Intake,
  { project, receivedAt }: Receipt,
  events: readonly AcceptedEvent[],
  done: PublishDone,
  traceparent?: string,
): void {
  // Ids made here carry their time, which tells as much.
  for (const event of events) if (event.idFromClient) recent.add(event.id);
  publisher.publish(project, receivedAt, events, done, traceparent);
}

/** Reads what a client sent, and counts it when it is refused; the count of its events is unknown and taken as one. */
export function counted<T>(intake: Intake, project: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof StreamFlowError)
      countRefused(
        intake,
        project,
        error.code === 'BadRequest' ? 'malformed' : 'invalid',
        refusedEvents(error),
      );
    throw error;
  }
}

export function countRefused(
  { clock, counts, observer }: Intake,
  project: string,
  reason: RefusalReason,
  events: number,
): void {
  observer.refused(reason, events);
  counts.of(project, clock.now()).refused += events;
}

/** Events that an error tells of: each index once, or the one that the request was. */
function refusedEvents({ details }: StreamFlowError): number {
  const indexes = new Set((details.issues ?? []).map(({ index }) => index));
  return Math.max(1, indexes.size);
}
