import type { Clock } from '../../domain/clock.ts';
import { timeOfUuidV7 } from '../../domain/events/uuid-v7.ts';

/** Remembers which ids were accepted just now, so that a reader waits for those alone. */
export interface RecentIds {
  add(id: string): void;
  /** Whether the event may have been accepted within the horizon, here or by another replica. */
  mayBeRecent(id: string): boolean;
}

export interface RecentIdsOptions {
  readonly clock: Clock;
  /** How long an id counts as recent, milliseconds. */
  readonly horizonMs?: number;
  /** Ids remembered at most; when more come, the earlier ones are forgotten sooner. */
  readonly maxIds?: number;
}

/**
 * A UUIDv7 of these seconds is recent by itself, whichever replica took it in, and costs no memory. Others are kept in
 * two sets that take turns: the older one is dropped when the younger one is a horizon old or full.
 */
export function createRecentIds({
  clock,
  horizonMs = 10_000,
  maxIds = 100_000,
}: RecentIdsOptions): RecentIds {
  let young = new Set<string>();
  let old = new Set<string>();
  let youngSince = clock.now();

  const isOfTheseSeconds = (id: string, now: number): boolean => {
    const time = timeOfUuidV7(id);
    return time !== undefined && Math.abs(now - time) <= horizonMs;
  };

  const turn = (now: number): void => {
    if (now - youngSince <= horizonMs && young.size < maxIds / 2) return;
    old = now - youngSince <= 2 * horizonMs ? young : new Set();
    young = new Set();
    youngSince = now;
  };

  return {
    add(id) {
      const now = clock.now();
      // An id that is about to leave the horizon by its own time is worth remembering.
      const time = timeOfUuidV7(id);
      if (time !== undefined && Math.abs(now - time) <= horizonMs / 2) return;
      turn(now);
      young.add(id);
    },
    mayBeRecent(id) {
      const now = clock.now();
      turn(now);
      return isOfTheseSeconds(id, now) || young.has(id) || old.has(id);
    },
  };
}
