import { type CrashPointName, crashPointNames } from './config/settings/testing.ts';
import type { Bus } from './engines/bus/port.ts';
import type { EventStore } from './engines/event-store/port.ts';
import { replacing } from './replacing.ts';

/*
 * Moments at which the fault run makes a process die as `kill -9` does, which from outside cannot be aimed at:
 *
 *   ingestion   before_publish      a request is read, nothing of it is on the bus
 *               after_confirm       its events are durable, its answer is not written
 *   storage     before_commit       a block is taken over, nothing of it is in the store
 *               during_commit       the store is at work on it
 *               after_commit        it is stored, its deliveries are not acknowledged
 *
 * The ports are wrapped, so that services and engines know nothing of it and nothing is wrapped where none is set.
 */

export interface CrashPointOptions {
  /** `<name>:<n>`: die at the n-th passing. */
  readonly crashPoint: string;
  /** A number from 0 up to and without 1; says how far into a commit. */
  readonly random: () => number;
  /** Ends the process at once. */
  readonly die: () => void;
}

type CrashingBus = Pick<Bus, 'publish'>;
type CrashingStore = Pick<EventStore, 'append'>;

/** How long a commit is taken to last before one was seen, milliseconds. */
const firstGuessMs = 5;

export function withCrashPoint<B extends CrashingBus, E extends CrashingStore>(
  { bus, events }: { readonly bus: B; readonly events: E },
  { crashPoint, random, die }: CrashPointOptions,
): { readonly bus: B; readonly events: E } {
  const [wanted, times] = crashPoint.split(':');
  const name = crashPointNames.find((known) => known === wanted);
  let left = Number(times);
  const isDue = (passed: CrashPointName): boolean => passed === name && --left === 0;
  let lastMs = firstGuessMs;

  return {
    bus: replacing<CrashingBus, B>(bus, {
      async publish(batches) {
        if (isDue('ingestion.before_publish')) die();
        await bus.publish(batches);
        if (isDue('ingestion.after_confirm')) die();
      },
    }),
    events: replacing<CrashingStore, E>(events, {
      async append(block) {
        if (isDue('storage.before_commit')) die();
        if (isDue('storage.during_commit')) setTimeout(die, random() * lastMs);
        const begun = performance.now();
        const result = await events.append(block);
        lastMs = performance.now() - begun;
        if (isDue('storage.after_commit')) die();
        return result;
      },
    }),
  };
}
