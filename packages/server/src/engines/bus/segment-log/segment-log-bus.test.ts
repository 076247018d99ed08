import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../../domain/clock.ts';
import { silentLog } from '../../../domain/log.ts';
import { contractQueueBytes, describeBus } from '../bus.contract.ts';
import { copyAsCrashed } from './bus-directory.fixture.ts';
import { openSegmentLogBus } from './open-segment-log-bus.ts';

describeBus('the segment log', async () => {
  const root = await mkdtemp(join(tmpdir(), 'streamflow-bus-'));
  let generation = 0;
  const directory = (): string => join(root, String(generation));
  return {
    open: () =>
      openSegmentLogBus({
        directory: directory(),
        clock: systemClock,
        log: silentLog,
        maxBytes: contractQueueBytes,
        deadLettersMaxBytes: contractQueueBytes,
        segmentBytes: contractQueueBytes / 4,
      }),
    // What a killed process leaves is what the files hold at that moment: the next bus opens a copy of them.
    crash: async () => {
      const left = directory();
      generation++;
      await copyAsCrashed(left, directory());
    },
    remove: () => rm(root, { recursive: true, force: true }),
  };
});
