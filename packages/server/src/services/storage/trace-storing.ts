import type { Tracing } from '../../domain/tracing.ts';
import type { Delivery } from '../../engines/bus/port.ts';

/**
 * Enters the storing of a block into the traces of its deliveries, as far as they have one: it ends now, with the reason
 * when the block was not stored.
 */
export function traceStoring(
  tracing: Pick<Tracing, 'start'>,
  deliveries: readonly Delivery[],
  startedAt: number,
  failure?: string,
): void {
  for (const { batch, attempts } of deliveries) {
    const { traceparent, type, count } = batch.headers;
    if (traceparent === undefined) continue;
    const span = tracing.start('store events', {
      kind: 'consumer',
      parent: traceparent,
      startedAt,
      attributes: {
        'messaging.operation.type': 'process',
        'messaging.destination.name': 'events.storage',
        'messaging.batch.message_count': count,
        'streamflow.event_type': type,
        'streamflow.attempts': attempts,
        'streamflow.block_deliveries': deliveries.length,
      },
    });
    span?.end(failure);
  }
}
