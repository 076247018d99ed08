import { RealtimeMetricsQuery, type RealtimeMetrics, realtimeMetrics } from '@streamflow/contracts';
import { Compile } from 'typebox/compile';
import { validationError } from '../../domain/errors.ts';
import { readFigure, readFigures } from '../../domain/metrics/live-figures.ts';
import type { LiveMetrics } from '../../domain/metrics/live-metrics.ts';
import { parseInterval } from '../../domain/queries/interval.ts';
import type { MountedRoute } from '../../http/service.ts';

const defaultWindow = '1m';
const longestWindow = 86_400_000;

const realtimeQuery = Compile(RealtimeMetricsQuery);

/** The figures of the last seconds. */
export function realtimeMetricsRoute({ live }: { readonly live: LiveMetrics }): MountedRoute {
  return {
    contract: realtimeMetrics,
    handle({ query, principal: { project } }): RealtimeMetrics {
      const window = realtimeQuery.Parse(query).window ?? defaultWindow;
      const length = parseInterval(window);
      if (length === undefined || length > longestWindow)
        throw validationError([{ field: 'window', message: 'window must be from 1s to 24h' }]);
      const to = live.watermark;
      const span = { project, from: to - length, to };
      const others = live
        .namesOf(project)
        .map((name) => [name, readFigure(live, { ...span, name })] as const);
      return {
        metrics: { ...readFigures(live, span), ...Object.fromEntries(others) },
        timestamp: new Date(to).toISOString(),
        window,
      };
    },
  };
}
