import type { EventPage, ListQuery } from '@streamflow/client';
import type { Event } from '@streamflow/contracts';
import { describe, expect, it } from 'vitest';
import { followEvents } from './follow-events.ts';

const start = Date.UTC(2026, 0, 1);

const eventAt = (id: string, seconds: number): Event => ({
  id,
  type: 'custom',
  source: 'test',
  timestamp: new Date(start + seconds * 1000).toISOString(),
  severity: 'medium',
  data: {},
  metadata: {},
  correlation_id: null,
  session_id: null,
  user_id: null,
  tags: [],
  received_at: new Date(start).toISOString(),
});

/** Events by the step after which they are visible; each look is one second after the one before. */
function setUp(stored: readonly Event[], arrivals: readonly (readonly Event[])[], pageSize = 2) {
  const visible = [...stored];
  const abort = new AbortController();
  let now = start;
  let step = 0;
  const list = async ({ start: from, order, limit = 100, cursor }: ListQuery = {}): Promise<EventPage> => {
    const earliest = from instanceof Date ? from.getTime() : 0;
    const fitting = visible
      .filter(({ timestamp }) => Date.parse(timestamp) >= earliest)
      .sort((a, b) => a.timestamp.localeCompare(b.timestamp) || a.id.localeCompare(b.id));
    if (order !== 'asc') fitting.reverse();
    const offset = Number(cursor ?? 0);
    const size = Math.min(limit, pageSize);
    const data = fitting.slice(offset, offset + size);
    const more = offset + size < fitting.length && limit > pageSize;
    return {
      data: limit <= pageSize ? fitting.slice(0, limit) : data,
      pagination: {
        page: 1,
        page_size: size,
        total: fitting.length,
        pages: 1,
        has_next: more,
        has_prev: false,
        next_cursor: more ? String(offset + size) : null,
      },
    };
  };
  const follow = async (backlog: number): Promise<readonly string[]> => {
    const seen: string[] = [];
    const blocks = followEvents({
      events: { list },
      clock: { now: () => now },
      filter: {},
      backlog,
      overlapMs: 10_000,
      intervalMs: 1000,
      signal: abort.signal,
      async sleep(milliseconds) {
        now += milliseconds;
        const arrived = arrivals[step++];
        if (arrived === undefined) abort.abort();
        else visible.push(...arrived);
      },
    });
    for await (const events of blocks) seen.push(...events.map(({ id }) => id));
    return seen;
  };
  return { follow };
}

describe('following events', () => {
  it('shows what comes, once and in the order of its time', async () => {
    const { follow } = setUp([], [[eventAt('b', 0.5), eventAt('a', 0.2)], [], [eventAt('c', 2)], []]);
    expect(await follow(0)).toEqual(['a', 'b', 'c']);
  });

  it('begins with the newest of before, oldest first, and no other history', async () => {
    const stored = [eventAt('a', -30), eventAt('b', -3), eventAt('c', -2), eventAt('d', -1)];
    expect(await setUp(stored, [[eventAt('e', 1)], []]).follow(2)).toEqual(['c', 'd', 'e']);
    expect(await setUp(stored, [[eventAt('e', 1)], []]).follow(0)).toEqual(['e']);
  });

  it('does not miss what happened earlier and arrives later', async () => {
    const { follow } = setUp([], [[eventAt('late-news', 5)], [eventAt('early-news', -4)], []]);
    expect(await follow(0)).toEqual(['late-news', 'early-news']);
  });

  it('is not blinded by one event from a clock that runs ahead', async () => {
    const { follow } = setUp([], [[eventAt('future', 290)], [eventAt('a', 2)], [eventAt('b', 3)], []]);
    expect(await follow(0)).toEqual(['future', 'a', 'b']);
  });

  it('reads on through pages', async () => {
    const burst = Array.from({ length: 9 }, (_, n) => eventAt(`e${n}`, n / 10));
    expect(await setUp([], [burst, []]).follow(0)).toEqual(burst.map(({ id }) => id));
  });
});
