import type { Event, EventsFrame } from '@streamflow/contracts';
import type { Clock } from '../../../domain/clock.ts';
import { StreamFlowError, unavailable } from '../../../domain/errors.ts';
import type { Log } from '../../../domain/log.ts';
import type { EventFilter } from '../../../domain/queries/event-query.ts';
import type { Timers } from '../../../domain/timers.ts';
import type { EventStore } from '../../../engines/event-store/port.ts';
import { errorFrame } from '../../../http/socket-frames.ts';
import { createEventFollower, type EventFollower } from './event-follower.ts';

export interface TailLimits {
  /** Milliseconds between looks. */
  readonly intervalMs: number;
  /** Events of a frame. */
  readonly frameEvents: number;
  /** Characters of a frame. */
  readonly frameLength: number;
  /** Different filters that are followed at a time. */
  readonly filters: number;
}

export const defaultTailLimits: TailLimits = {
  intervalMs: 1000,
  frameEvents: 200,
  frameLength: 1024 * 1024,
  filters: 50,
};

/** One frame for all who follow the same events. */
export interface TailFrame {
  readonly text: string;
  /** Events that it tells of. */
  readonly matched: number;
}

export interface TailListener {
  /** From now on everything is told. */
  onReady(): void;
  onFrame(frame: TailFrame): void;
}

export interface EventTail {
  /** Returns how to stop. Throws ServiceUnavailable when too many filters are followed. */
  follow(filter: EventFilter, listener: TailListener): () => void;
  stop(): void;
}

export interface EventTailOptions {
  readonly events: Pick<EventStore, 'list'>;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly log: Log;
  readonly limits?: Partial<TailLimits>;
}

/** Those who follow the same events share the looks at the store. */
interface Following {
  readonly follower: EventFollower;
  readonly listeners: Map<TailListener, { ready: boolean }>;
  readonly aborting: AbortController;
  cancelNext: () => void;
  isAway: boolean;
}

export function createEventTail({ events, clock, timers, log, ...options }: EventTailOptions): EventTail {
  const limits = { ...defaultTailLimits, ...options.limits };
  const followings = new Map<string, Following>();

  const tell = (following: Following, frame: TailFrame): void => {
    for (const [listener, state] of following.listeners) if (state.ready) listener.onFrame(frame);
  };

  const look = async (following: Following): Promise<void> => {
    const { signal } = following.aborting;
    try {
      const { events: fresh, matched } = await following.follower.look(signal);
      if (signal.aborted) return;
      following.isAway = false;
      if (matched > 0) tell(following, { text: framed(fresh, matched, limits), matched });
      for (const [listener, state] of following.listeners) {
        if (state.ready) continue;
        state.ready = true;
        listener.onReady();
      }
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof StreamFlowError)) log.error('Following events failed by a defect', { error });
      if (!following.isAway) tell(following, { text: JSON.stringify(errorFrame(error)), matched: 0 });
      following.isAway = true;
    }
    following.cancelNext = timers.after(limits.intervalMs, () => void look(following));
  };

  const end = (key: string, following: Following): void => {
    followings.delete(key);
    following.cancelNext();
    following.aborting.abort();
  };

  return {
    follow(filter, listener) {
      const key = JSON.stringify(filter);
      let following = followings.get(key);
      if (following === undefined) {
        if (followings.size >= limits.filters)
          throw unavailable('Too many different filters are followed at the moment', 60);
        following = {
          follower: createEventFollower(events, clock, filter),
          listeners: new Map(),
          aborting: new AbortController(),
          cancelNext: () => {},
          isAway: false,
        };
        followings.set(key, following);
        following.listeners.set(listener, { ready: false });
        void look(following);
      } else following.listeners.set(listener, { ready: false });
      const own = following;
      return () => {
        own.listeners.delete(listener);
        if (own.listeners.size === 0 && followings.get(key) === own) end(key, own);
      };
    },
    stop() {
      for (const [key, following] of followings) end(key, following);
    },
  };
}

/** As many events, evenly chosen, as a frame may have. */
function framed(events: readonly Event[], matched: number, { frameEvents, frameLength }: TailLimits): string {
  const count = Math.min(events.length, frameEvents);
  const chosen: string[] = [];
  let length = 0;
  for (let i = 0; i < count; i++) {
    const text = JSON.stringify(events[Math.floor((i * events.length) / count)]);
    length += text.length;
    if (length > frameLength) break;
    chosen.push(text);
  }
  const rest: Omit<EventsFrame, 'data'> = { type: 'events', matched, sampled: chosen.length < matched };
  return `${JSON.stringify(rest).slice(0, -1)},"data":[${chosen.join(',')}]}`;
}
