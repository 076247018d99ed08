import { metricDeltaKey } from '@streamflow/contracts';
import { type CrashPointName, crashPointNames } from './config/settings/testing.ts';
import type { Bus, Delivery } from './engines/bus/port.ts';
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
 *   analytics   after_publish       the deltas of a second are out, the events that they tell of are not acknowledged
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

type CrashingBus = Pick<Bus, 'publish' | 'publishLive' | 'consume'>;
type CrashingStore = Pick<EventStore, 'append'>;

/** How long a commit is taken to last before one was seen, milliseconds. */
const firstGuessMs = 5;
/** How long a live message may take to leave the process. */
const leavingMs = 20;

export function withCrashPoint<B extends CrashingBus, E extends CrashingStore>(
  { bus, events }: { readonly bus: B; readonly events: E },
  { crashPoint, random, die }: CrashPointOptions,
): { readonly bus: B; readonly events: E } {
  const [wanted, times] = crashPoint.split(':');
  const name = crashPointNames.find((known) => known === wanted);
  let left = Number(times);
  const isDue = (passed: CrashPointName): boolean => passed === name && --left === 0;
  let lastMs = firstGuessMs;
  let isPublished = false;
  const unlessPublished = (delivery: Delivery): Delivery =>
    replacing<Pick<Delivery, 'ack'>, Delivery>(delivery, {
      ack() {
        if (!isPublished) delivery.ack();
      },
    });

  return {
    bus: replacing<CrashingBus, B>(bus, {
      async publish(batches) {
        if (isDue('ingestion.before_publish')) die();
        await bus.publish(batches);
        if (isDue('ingestion.after_confirm')) die();
      },
      publishLive(exchange, message) {
        bus.publishLive(exchange, message);
        if (message.routingKey !== metricDeltaKey || !isDue('analytics.after_publish')) return;
        // Nothing tells when it has left; until then nothing is acknowledged.
        isPublished = true;
        setTimeout(die, leavingMs);
      },
      consume(queue, options) {
        if (queue !== 'events.analytics' || name !== 'analytics.after_publish')
          return bus.consume(queue, options);
        const onDelivery = (delivery: Delivery): void => options.onDelivery(unlessPublished(delivery));
        return bus.consume(queue, { ...options, onDelivery });
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
