import type { Event } from '@streamflow/contracts';
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { client } from '../../app/session.ts';
import { toEventFilter } from '../../lib/filter.ts';
import {
  intervalFor,
  intervalStarts,
  refreshOf,
  resolveRange,
  type TimeRange,
} from '../../lib/time-range.ts';
import type { Condition } from '../../lib/view.ts';

const pageSize = 200;

/** Events of the range, newest first, read on along the cursor as far as somebody scrolls. */
export function useEvents(range: TimeRange, conditions: readonly Condition[]) {
  const answer = useInfiniteQuery({
    queryKey: ['events', range, conditions],
    queryFn: ({ pageParam, signal }) => {
      const query = { ...toEventFilter(conditions, pageParam.span), limit: pageSize };
      return client.events
        .list(pageParam.cursor === null ? query : { ...query, cursor: pageParam.cursor }, { signal })
        .then((page) => ({ ...page, span: pageParam.span }));
    },
    initialPageParam: firstPage(range),
    getNextPageParam: ({ pagination, span }) =>
      pagination.next_cursor ? { span, cursor: pagination.next_cursor } : undefined,
  });
  const rows = useMemo(() => answer.data?.pages.flatMap(({ data }) => data) ?? [], [answer.data]);
  return { ...answer, rows };
}

/** How many there are, by type over time. */
export const useHistogram = (range: TimeRange, conditions: readonly Condition[]) =>
  useQuery({
    queryKey: ['histogram', range, conditions],
    queryFn: async ({ signal }) => {
      const { start, end } = resolveRange(range, Date.now());
      const step = intervalFor(end - start, 120);
      const result = await client.events.aggregate(
        { ...toEventFilter(conditions, { start, end }), group_by: 'type', interval: step.text, limit: 8 },
        { signal },
      );
      return { result, times: intervalStarts(start, end, step.ms), step: step.ms };
    },
    refetchInterval: refreshOf(range, Date.now()),
    placeholderData: (old) => old,
  });

export const useEvent = (id: string | undefined) =>
  useQuery({
    queryKey: ['event', id],
    enabled: id !== undefined,
    queryFn: ({ signal }) => client.events.get(id ?? '', { signal }),
    staleTime: Number.POSITIVE_INFINITY,
  });

/** What else happened in a session, a few minutes around a moment. */
export const useNeighbours = (event: Event) =>
  useQuery({
    queryKey: ['neighbours', event.id],
    enabled: event.session_id !== null,
    queryFn: async ({ signal }) => {
      const at = Date.parse(event.timestamp);
      const session = [{ field: 'session_id', value: event.session_id ?? '' }];
      const [before, after] = await Promise.all([
        client.events.list({ ...toEventFilter(session, { end: at }), limit: 5 }, { signal }),
        client.events.list({ ...toEventFilter(session, { start: at }), order: 'asc', limit: 6 }, { signal }),
      ]);
      const later = after.data.filter(({ id }) => id !== event.id).slice(0, 5);
      return [...before.data.toReversed(), event, ...later].toReversed();
    },
    staleTime: 60_000,
  });

interface PageParam {
  /** All pages are of the same time, however long somebody reads. */
  readonly span: { readonly start: number; readonly end: number };
  readonly cursor: string | null;
}

const firstPage = (range: TimeRange): PageParam => ({ span: resolveRange(range, Date.now()), cursor: null });
