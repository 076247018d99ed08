import { runLoad } from './load.mjs';

/**
 * Watches what storage has stored until `isOver` resolves with true, and resolves with events a second: from the first
 * block to the last that it was seen to store, since it stores whole blocks.
 */
export async function storedPerSecond(apart, isOver) {
  const seen = [];
  do {
    const events = await apart.metric('storage', 'streamflow_storage_appended_total');
    if (events > (seen.at(-1)?.events ?? 0)) seen.push({ events, at: performance.now() });
    await new Promise((resolve) => setTimeout(resolve, 20));
  } while (!(await isOver()));
  const [first, last] = [seen[0], seen.at(-1)];
  if (first === last) throw new Error('Storage stored one block at most: there is nothing to measure');
  return ((last.events - first.events) / (last.at - first.at)) * 1000;
}

/** Batches in the queue of storage that it has not acknowledged. */
export const storageQueue = (apart) =>
  apart.metric('storage', 'streamflow_queue_depth{queue="events.storage"}');

/**
 * Lets a backlog form while storage is stopped, and resolves with the events a second that storage takes from it while
 * nothing else goes on.
 */
export async function drainAlone(apart, load) {
  await apart.stop('storage');
  const { acknowledged } = await runLoad(load);
  await apart.start('storage');
  const deadline = performance.now() + 120_000;
  const rate = await storedPerSecond(apart, async () => {
    if (performance.now() > deadline) throw new Error('Storage did not drain the queue within 120 s');
    return (await storageQueue(apart)) === 0;
  });
  return { rate, acknowledged };
}
