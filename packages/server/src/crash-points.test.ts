import { describe, expect, it } from 'vitest';
import { withCrashPoint } from './crash-points.ts';
import type { Bus } from './engines/bus/port.ts';
import { createTestStore } from './services/storage/storage.fixture.ts';

/** What happened, in order, when two batches were published and two blocks appended. */
async function traceOf(crashPoint: string): Promise<string[]> {
  const trace: string[] = [];
  const store = createTestStore();
  store.before = async () => {
    trace.push('commit');
    await new Promise((resolve) => setTimeout(resolve, 20));
  };
  store.after = async () => void trace.push('committed');
  const plain: Pick<Bus, 'publish'> = { publish: async () => void trace.push('publish') };
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
});
