import { type AnalyticsWindows, AnalyticsWindowsQuery, analyticsWindows } from '@streamflow/contracts';
import { Compile } from 'typebox/compile';
import { envelope, timeText } from '../../access/routes/envelope.ts';
import type { Clock } from '../../domain/clock.ts';
import { readFigure } from '../../domain/metrics/live-figures.ts';
import type { MountedRoute } from '../../http/service.ts';
import type { RunningLiveMetrics } from '../../live-metrics/live-metrics.ts';

const minute = 60_000;
const defaultMinutes = 10;
const windowsQuery = Compile(AnalyticsWindowsQuery);

/** The windows of the last minutes, and the workers that fill them. */
export function windowsRoute(options: {
  readonly live: RunningLiveMetrics;
  readonly clock: Clock;
  readonly allowedLatenessMs: number;
}): MountedRoute {
  const { live, clock, allowedLatenessMs } = options;
  return {
    contract: analyticsWindows,
    handle({ query, principal: { project } }) {
      const { minutes = defaultMinutes } = windowsQuery.Parse(query);
      const { watermark } = live;
      const latest = Math.floor(clock.now() / minute) * minute;
      const stateOf = (end: number): AnalyticsWindows['windows'][number]['state'] => {
        if (end > watermark) return 'open';
        return end <= watermark - allowedLatenessMs ? 'final' : 'closed';
      };
      const data: AnalyticsWindows = {
        watermark: timeText(watermark),
        allowed_lateness_seconds: Math.floor(allowedLatenessMs / 1000),
        workers: live.workers.map(({ state, seenAt }) => ({
          worker: state.worker,
          watermark: timeText(state.watermark),
          lag_seconds: state.lag_seconds,
          seen_at: timeText(seenAt),
          events: state.events,
          late_events: state.late,
          tag_overflow: state.overflow,
          unusable_metrics: state.unusable,
          unmeasured: state.unmeasured,
        })),
        windows: Array.from({ length: minutes }, (_, index) => {
          const from = latest - (minutes - 1 - index) * minute;
          const to = from + minute;
          return {
            start: timeText(from),
            end: timeText(to),
            state: stateOf(to),
            events_total: readFigure(live, { project, name: 'events_total', from, to }) ?? 0,
            late_events: live.lateIn(from),
          };
        }),
      };
      return envelope('Windows retrieved successfully', data, clock.now());
    },
  };
}
