import { metricDeltaKey, workerStateKey } from '@streamflow/contracts';
import { describe, expect, it } from 'vitest';
import { withCrashPoint } from './crash-points.ts';
import type { Bus, Delivery } from './engines/bus/port.ts';
import { createTestStore, deliveryOf, eventOf } from './services/storage/storage.fixture.ts';

/** What happened, in order, when two batches were published and two blocks appended. */
async function traceOf(crashPoint: string): Promise<string[]> {
  const trace: string[] = [];
  const store = createTestStore();
  store.before = async () => {
    trace.push('commit');
    await new Promise((resolve) => setTimeout(resolve, 20));
  };
  store.after = async () => void trace.push('committed');
  const plain: Pick<Bus, 'publish' | 'publishLive' | 'consume'> = {
    publish: async () => void trace.push('publish'),
    publishLive: () => {},
    consume: () => Promise.reject(new Error('Nothing is consumed here')),
  };
  const { bus, events } = withCrashPoint(
    { bus: plain, events: store },
    { crashPoint, random: () => 0, die: () => void trace.push('die') },
  );
  for (let round = 0; round < 2; round++) {
    await bus.publish([]);
    trace.push('confirmed');
    await events.append({ lines: Buffer.from(''), count: 0, mayBeKnown: false });
    trace.push('ack');
  }
  return trace;
}

describe('withCrashPoint', () => {
  it.each([
    ['ingestion.before_publish', 'ack', 'publish'],
    ['ingestion.after_confirm', 'publish', 'confirmed'],
    ['storage.before_commit', 'confirmed', 'commit'],
    ['storage.during_commit', 'commit', 'committed'],
    ['storage.after_commit', 'committed', 'ack'],
  ])('%s dies between %s and %s, at that passing alone', async (point, before, after) => {
    const trace = await traceOf(`${point}:2`);
    const at = trace.indexOf('die');
    expect([trace[at - 1], trace[at + 1]]).toEqual([before, after]);
    expect(trace.filter((step) => step === 'die')).toHaveLength(1);
    expect(trace.slice(0, at)).toContain('ack');
  });

  it('analytics.after_publish dies with the deltas out and nothing of theirs acknowledged', async () => {
    const trace: string[] = [];
    const plain: Pick<Bus, 'publish' | 'publishLive' | 'consume'> = {
      publish: async () => {},
      publishLive: (_, { routingKey }) => void trace.push(routingKey),
      async consume(_queue, { onDelivery }) {
        onDelivery(deliveryOf([eventOf(1)]));
        onDelivery(deliveryOf([eventOf(2)]));
        return { pause() {}, resume() {}, close: async () => {} };
      },
    };
    const { bus } = withCrashPoint(
      { bus: plain, events: createTestStore() },
      {
        crashPoint: 'analytics.after_publish:2',
        random: () => 0,
        die: () => void trace.push('die'),
      },
    );
    const deliveries: Delivery[] = [];
    await bus.consume('events.analytics', {
      prefetchBytes: 1,
      prefetchCount: 1,
      onDelivery: (delivery) => void deliveries.push(delivery),
    });
    for (const delivery of deliveries) {
      bus.publishLive('analytics', { routingKey: workerStateKey, body: Buffer.from('') });
      bus.publishLive('analytics', { routingKey: metricDeltaKey, body: Buffer.from('') });
      delivery.ack();
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
    const answers = deliveries.map((delivery) => Reflect.get(delivery, 'answer'));
    expect(answers).toEqual(['ack', null]);
    expect(trace).toEqual([workerStateKey, metricDeltaKey, workerStateKey, metricDeltaKey, 'die']);
  });
});
