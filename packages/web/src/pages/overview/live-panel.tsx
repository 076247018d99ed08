import { useView } from '../../app/use-view.ts';
import { Legend } from '../../charts/legend.tsx';
import type { Series } from '../../charts/series.ts';
import { TimeChart } from '../../charts/time-chart.tsx';
import { coloursOf } from '../../lib/colours.ts';
import { formatTime } from '../../lib/format.ts';
import { intervalStarts } from '../../lib/time-range.ts';
import { type LiveSeconds, shownSpan } from './live-frames.ts';
import { useLiveSeconds } from './live-seconds.ts';

const second = 1000;
const mostTypes = 8;

/** The types with the most events, each with its seconds. */
function toSeries({ byTime }: LiveSeconds, times: readonly number[]): readonly Series[] {
  const totals = new Map<string, number>();
  for (const types of byTime.values())
    for (const [type, count] of Object.entries(types)) totals.set(type, (totals.get(type) ?? 0) + count);
  const names = [...totals]
    .toSorted(([, a], [, b]) => b - a)
    .slice(0, mostTypes)
    .map(([name]) => name)
    // By name from here on: types that change places every second would make the chart flicker.
    .toSorted();
  const colour = coloursOf(names);
  return names.map((name) => ({
    name,
    colour: colour(name),
    values: times.map((time) => byTime.get(time)?.[name] ?? 0),
  }));
}

/** The last five minutes by type, moving on with every second that the server tells. */
export function LivePanel() {
  const { zone } = useView();
  const live = useLiveSeconds();
  const times = live.end === null ? [] : intervalStarts(live.end - shownSpan, live.end, second);
  const series = toSeries(live, times);
  return (
    <section aria-label="Live" className="panel live">
      <header>
        <h2>Now</h2>
        <span className="quiet small">Events each second, last 5 minutes</span>
        <span className="grow" />
        {live.state === 'lost' ? (
          <span className="notice" role="status">
            Connection lost.{live.end === null ? '' : ` Shown is ${formatTime(live.end, zone)}`}
          </span>
        ) : live.state === 'live' ? (
          <span className="status small">
            <span className="dot live-dot" data-state="good" /> Live
          </span>
        ) : null}
      </header>
      <TimeChart
        height={176}
        kind="bars"
        label={`Events of the last five minutes by type: ${series.map(({ name }) => name).join(', ')}`}
        series={series}
        stacked
        step={second}
        times={times}
        unit="count"
        zone={zone}
      />
      {series.length === 0 ? (
        <p className="legend quiet">
          {live.end === null ? 'Connecting…' : 'Nothing came in during the last five minutes.'}
        </p>
      ) : (
        <Legend series={series} unit="count" />
      )}
    </section>
  );
}
