import { describe, expect, it } from 'vitest';
import type { SpanOptions, Tracing } from '../../domain/tracing.ts';
import { deliveryOf, eventOf } from './storage.fixture.ts';
import { traceStoring } from './trace-storing.ts';

const traced = (n: number, traceparent?: string) => {
  const delivery = deliveryOf([eventOf(n), eventOf(n + 1)]);
  if (traceparent === undefined) return delivery;
  return { ...delivery, batch: { ...delivery.batch, headers: { ...delivery.batch.headers, traceparent } } };
};

describe('traceStoring', () => {
  it('enters the block into the trace of every delivery that has one, and no other', () => {
    const begun: SpanOptions[] = [];
    const ended: (string | undefined)[] = [];
    const tracing: Pick<Tracing, 'start'> = {
      start(_, options) {
        begun.push(options);
        // The second one's trace is not sampled here.
        return begun.length === 2
          ? null
          : { traceparent: '', set: () => {}, end: (failure) => void ended.push(failure) };
      },
    };
    const deliveries = [traced(1, 'trace-a'), traced(3), traced(5, 'trace-b'), traced(7, 'trace-c')];
    traceStoring(tracing, deliveries, 1234, 'refused');
    expect(begun.map(({ parent, startedAt }) => [parent, startedAt])).toEqual([
      ['trace-a', 1234],
      ['trace-b', 1234],
      ['trace-c', 1234],
    ]);
    expect(begun[0]?.attributes).toMatchObject({
      'messaging.batch.message_count': 2,
      'streamflow.block_deliveries': 4,
    });
    expect(ended).toEqual(['refused', 'refused']);
  });
});
