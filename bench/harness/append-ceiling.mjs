import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventLineLayout } from '@streamflow/contracts';
import { startRawWriter } from '../raw-chdb-writer.mjs';
import { seeded } from './events.mjs';
import { makeLines } from './lines.mjs';

const blockLines = 20_000;

/**
 * The ceiling of everything that stores: the load generator's events as lines, straight into the embedded engine, in a
 * process of its own, by one writer in blocks of 20,000. Resolves with events a second.
 */
export async function appendCeiling({ seconds = 10 } = {}) {
  const directory = await mkdtemp(join(tmpdir(), 'streamflow-ceiling-'));
  const writer = await startRawWriter(directory);
  try {
    const random = seeded(3);
    const blocks = Array.from({ length: 4 }, () => makeLines(random, blockLines));
    await writer.insert(makeLines(random, blockLines));
    let inserted = 0;
    const begun = performance.now();
    for (let turn = 0; performance.now() - begun < seconds * 1000; turn += 1) {
      const block = blocks[turn % blocks.length];
      // The engine drops a block that is the same to the byte as one before.
      block.write(randomUUID(), eventLineLayout.id.start, 'latin1');
      await writer.insert(block);
      inserted += blockLines;
    }
    return inserted / ((performance.now() - begun) / 1000);
  } finally {
    await writer.stop();
    await rm(directory, { recursive: true, force: true });
  }
}
