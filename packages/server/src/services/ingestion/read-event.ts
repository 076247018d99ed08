import type { Event } from '@streamflow/contracts';
import type { Timers } from '../../domain/timers.ts';
import type { EventStore } from '../../engines/event-store/port.ts';
import type { RecentIds } from './recent-ids.ts';

/** Pauses between looks at the store, milliseconds; together they are the second that a reader waits. */
const pausesMs = [20, 30, 50, 100, 200, 300, 300];

export interface ReadEventOptions {
  readonly events: Pick<EventStore, 'get'>;
  readonly recent: RecentIds;
  readonly timers: Timers;
}

/** Gets an event; waits up to a second for one that was accepted just now and is still on its way into the store. */
export async function readEvent(
  project: string,
  id: string,
  signal: AbortSignal,
  { events, recent, timers }: ReadEventOptions,
): Promise<Event | null> {
  let event = await events.get(project, id);
  if (event !== null || !recent.mayBeRecent(id)) return event;
  for (const pauseMs of pausesMs) {
    await pause(pauseMs, signal, timers);
    if (signal.aborted) return null;
    event = await events.get(project, id);
    if (event !== null) return event;
  }
  return null;
}

function pause(milliseconds: number, signal: AbortSignal, timers: Timers): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const end = (): void => {
      cancel();
      signal.removeEventListener('abort', end);
      resolve();
    };
    const cancel = timers.after(milliseconds, end);
    signal.addEventListener('abort', end);
  });
}
