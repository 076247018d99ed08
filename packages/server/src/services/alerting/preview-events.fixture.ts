import type { Event } from '@streamflow/contracts';
import { responseTimeOf } from '../../domain/metrics/response-time.ts';
import type { AggregationQuery, EventFilter } from '../../domain/queries/event-query.ts';
import { isErrorEvent, matchesFilter } from '../../domain/queries/matches-filter.ts';
import type { HistoryQuery } from '../../engines/event-store/port.ts';
import { project } from './alerting.fixture.ts';
import type { SeriesSource } from './stored-series.ts';

/** Events as an event store answers for them, told in plain words. */
export function storedEvents(events: readonly Event[]): SeriesSource['events'] {
  const matching = (filter: EventFilter) => events.filter((event) => matchesFilter(event, project, filter));
  const byInterval = (filter: EventFilter, interval: number): [number, Event[]][] => {
    const intervals = new Map<number, Event[]>();
    for (const event of matching(filter)) {
      const at = Math.floor(Date.parse(event.timestamp) / interval) * interval;
      intervals.set(at, [...(intervals.get(at) ?? []), event]);
    }
    return [...intervals].sort(([a], [b]) => a - b);
  };
  const length = (interval: HistoryQuery['interval']): number => {
    if (typeof interval !== 'number') throw new Error('Previews ask by intervals of one length');
    return interval;
  };
  const groupsOf = (found: readonly Event[], { metric, groupBy, only }: AggregationQuery) => {
    const groups: Record<string, Record<string, number>> = {};
    for (const event of found) {
      const tags = groupBy.map((by) => {
        if (by.kind !== 'field' || (by.field !== 'type' && by.field !== 'source' && by.field !== 'severity'))
          throw new Error('Not a group of a preview');
        return event[by.field];
      });
      if (only !== undefined && !only.some((one) => one.join() === tags.join())) continue;
      const [first = '', second = ''] = tags;
      groups[first] ??= {};
      const counted = metric === 'count' || isErrorEvent(event) ? 1 : 0;
      groups[first][second] = (groups[first][second] ?? 0) + counted;
    }
    if (groupBy.length === 2) return groups;
    return Object.fromEntries(Object.entries(groups).map(([name, of]) => [name, of[''] ?? 0]));
  };
  return {
    async history({ filter, interval, measures = ['users'] }) {
      return byInterval(filter, length(interval)).map(([timestamp, found]) => {
        const times = found.map(({ data }) => responseTimeOf(data)).filter((time) => time !== null);
        const sum = times.reduce((total, time) => total + time, 0);
        return {
          timestamp,
          events: found.length,
          errors: found.filter(isErrorEvent).length,
          ...(measures.includes('response_time') ? { responseTime: { count: times.length, sum } } : {}),
        };
      });
    },
    async aggregate(query) {
      const { filter, interval } = query;
      const found = matching(filter);
      return {
        aggregations: {},
        total: found.length,
        period: { start: null, end: null },
        ...(interval === undefined
          ? {}
          : {
              series: byInterval(filter, length(interval)).map(([at, some]) => ({
                timestamp: new Date(at).toISOString(),
                aggregations: groupsOf(some, query),
                total: some.length,
              })),
            }),
      };
    },
    async *export({ filter }) {
      const found = matching(filter);
      for (let from = 0; from < found.length; from += 7) yield found.slice(from, from + 7);
    },
  };
}
