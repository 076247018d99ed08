import type { EventTailServerFrame } from '@streamflow/contracts';
import type { EventFilter } from './events-api.ts';
import { type FollowDependencies, FollowingSocket, type FollowOptions } from './following-socket.ts';
import { formatQuery } from './query-string.ts';

/** `ready` after each connection: what becomes visible from then on is told; then `events`, and gaps. */
export type EventTailFrame = Extract<EventTailServerFrame, { type: 'ready' | 'events' | 'gap' }>;

/** `silenceMs` is 25,000 unless given; the server is asked every 10 seconds whether it is there. */
export type EventTailOptions = FollowOptions<EventTailFrame> & {
  /** Which events; all unless given. */
  readonly filter?: Omit<EventFilter, 'start' | 'end'> | undefined;
};

/** Follows events as they are stored, over as many connections as that takes, until it is closed. */
export class EventTailSocket extends FollowingSocket<EventTailFrame> {
  constructor(dependencies: FollowDependencies, options: EventTailOptions) {
    const frames: readonly EventTailFrame['type'][] = ['ready', 'events', 'gap'];
    const path = `/ws/events${formatQuery(options.filter)}`;
    super(dependencies, { service: 'dashboard', path, frames, silenceMs: 25_000, pingMs: 10_000 }, options);
  }
}
