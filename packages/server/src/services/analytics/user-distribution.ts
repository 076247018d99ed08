import type { UserDimension, UserDistribution } from '@streamflow/contracts';
import { UserDistributionQuery, userDimensions, userDistribution } from '@streamflow/contracts';
import type { Clock } from '../../domain/clock.ts';
import type { EventFilter, GroupKey } from '../../domain/queries/event-query.ts';
import { readEventFilter } from '../../domain/queries/parse-event-filter.ts';
import { type Period, readPeriod } from '../../domain/queries/parse-period.ts';
import { createQueryReader } from '../../domain/queries/query-reader.ts';
import type { EventStore } from '../../engines/event-store/port.ts';
import type { MountedRoute } from '../../http/service.ts';
import { formatPeriod } from '../../reports/top-values.ts';
import { readUserAgent, unknown } from './user-agent.ts';

const path = ['user_agent'];
/** Different user agents that are read; there are few that are frequent. */
const mostUserAgents = 1000;
/** How the store calls events without a value. */
const noValue = 'null';
/** A label that no user agent can have. */
const noUserAgent = '';

interface DistributionRequest {
  readonly filter: EventFilter;
  readonly period: Period;
  readonly by: UserDimension;
}

export interface UserDistributionOptions {
  readonly events: Pick<EventStore, 'aggregate'>;
  readonly clock: Clock;
}

/**
 * Users by what their user agents tell. The store counts by the text; the few different texts are read here, and their
 * labels given back to the store, which counts the users of each label exactly.
 */
export function userDistributionRoute({ events, clock }: UserDistributionOptions): MountedRoute {
  return {
    contract: userDistribution,
    async handle({ query, principal: { project }, signal }): Promise<UserDistribution> {
      const { filter, period, by } = readRequest(query, project, clock.now());
      const whole = { ...filter, ...period };
      const found = await events.aggregate(
        {
          filter: whole,
          metric: 'count',
          groupBy: [{ kind: 'property', path }],
          limit: mostUserAgents,
        },
        { signal },
      );
      const labels = new Map(
        Object.keys(found.aggregations).map((text) => [
          text,
          text === noValue ? noUserAgent : readUserAgent(text)[by],
        ]),
      );
      const counts = new Map<string, number>();
      const count = (label: string, events: number): void => {
        counts.set(label, (counts.get(label) ?? 0) + events);
      };
      for (const [text, events] of Object.entries(found.aggregations))
        count(labels.get(text) ?? unknown, Number(events));
      if (typeof found.other === 'number') count(unknown, found.other);
      const label: GroupKey = { kind: 'labelled', path, labels, rest: unknown };
      const limit = counts.size + 1;
      const { aggregations } = await events.aggregate(
        { filter: whole, metric: 'unique_users', groupBy: [label], limit },
        { signal },
      );
      const users = new Map(Object.entries(aggregations));
      const without = counts.get(noUserAgent) ?? 0;
      counts.delete(noUserAgent);
      const total = [...counts.values()].reduce((sum, events) => sum + events, 0);
      return {
        data: [...counts]
          .map(([name, events]) => ({
            name,
            users: Number(users.get(name) ?? 0),
            events,
            share: total === 0 ? 0 : events / total,
          }))
          .sort((a, b) => b.events - a.events || (a.name < b.name ? -1 : 1)),
        total,
        without_user_agent: without,
        period: formatPeriod(period),
      };
    },
  };
}

function readRequest(query: unknown, project: string, now: number): DistributionRequest {
  const reader = createQueryReader(query);
  const filter = readEventFilter(reader, project, UserDistributionQuery);
  const period = readPeriod(reader, filter, now);
  const by = reader.oneOf('by', userDimensions) ?? 'device';
  reader.finish();
  return { filter, period, by };
}
