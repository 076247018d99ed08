import type { Event } from '@streamflow/contracts';
import { useEffect, useMemo, useState } from 'react';
import { client } from '../../app/session.ts';
import { toEventFilter } from '../../lib/filter.ts';
import type { Condition } from '../../lib/view.ts';
import { continueRows, mergeRows } from './tail-rows.ts';

const pageSize = 200;
const reachMs = 600_000;

export interface Tail {
  readonly rows: readonly Event[];
  readonly state: 'connecting' | 'live' | 'lost';
  /** Events that fit and are not among the rows, because there were too many to tell each. */
  readonly leftOut: number;
}

const nothing: Tail = { rows: [], state: 'connecting', leftOut: 0 };

/** Events as they are stored, newest first, while it runs; what it has stays when it is paused. */
export function useTail(running: boolean, conditions: readonly Condition[]): Tail {
  const [tail, setTail] = useState(nothing);
  const key = JSON.stringify(conditions);
  // The address bar gives new objects with the same conditions.
  // biome-ignore lint/correctness/useExhaustiveDependencies: the key is the conditions
  const filter = useMemo(() => toEventFilter(conditions, {}), [key]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: other events begin with nothing
  useEffect(() => setTail(nothing), [filter]);

  useEffect(() => {
    if (!running) return;
    const reading = new AbortController();
    /** What was stored before the socket was ready, or was not told by it. */
    const catchUp = async (): Promise<void> => {
      const since = { ...filter, start: new Date(Date.now() - reachMs), limit: pageSize };
      try {
        const { data } = await client.events.list(since, { signal: reading.signal });
        setTail((before) => ({ ...before, rows: continueRows(before.rows, data, pageSize), state: 'live' }));
      } catch {
        if (!reading.signal.aborted) setTail((before) => ({ ...before, state: 'lost' }));
      }
    };
    const socket = client.followEvents({
      filter,
      onFrame: (frame) => {
        if (frame.type === 'events')
          setTail((before) => ({
            ...before,
            rows: mergeRows(before.rows, frame.data),
            leftOut: before.leftOut + Math.max(0, frame.matched - frame.data.length),
          }));
        else void catchUp();
      },
      onState: (state) => {
        if (state === 'lost') setTail((before) => ({ ...before, state }));
      },
    });
    return () => {
      reading.abort();
      socket.close();
    };
  }, [running, filter]);
  return tail;
}
