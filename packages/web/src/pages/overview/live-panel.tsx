import { useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { client } from '../../app/session.ts';
import { useView } from '../../app/use-view.ts';
import { Legend } from '../../charts/legend.tsx';
import type { Series } from '../../charts/series.ts';
import { TimeChart } from '../../charts/time-chart.tsx';
import { seriesOf } from '../../lib/aggregation.ts';
import { coloursOf } from '../../lib/colours.ts';
import { toEventFilter } from '../../lib/filter.ts';
import { formatTime } from '../../lib/format.ts';
import { intervalStarts } from '../../lib/time-range.ts';

const second = 1000;
const shownSpan = 300 * second;
/** What is younger may still be on its way to the store. */
const settling = 2 * second;
/** How often it is read, and when silence is a lost connection. */
const readEvery = 2 * second;
const lostAfter = 8 * second;

/** The last five minutes by type, second by second, moving with the clock. */
export function LivePanel() {
  const { zone } = useView();
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), second);
    return () => clearInterval(timer);
  }, []);
  const { data, dataUpdatedAt } = useQuery({
    queryKey: ['live'],
    queryFn: ({ signal }) => {
      const end = Date.now();
      return client.events.aggregate(
        {
          ...toEventFilter([], { start: end - shownSpan - 10 * second, end }),
          group_by: 'type',
          interval: '1s',
          limit: 8,
        },
        { signal },
      );
    },
    refetchInterval: readEvery,
    retry: false,
  });
  const lost = dataUpdatedAt > 0 && now - dataUpdatedAt > lostAfter;
  const end = Math.floor(((lost ? dataUpdatedAt : now) - settling) / second) * second;
  const times = intervalStarts(end - shownSpan, end, second);
  const values =
    data === undefined ? new Map<string, readonly (number | null)[]>() : seriesOf(data, times, 0);
  const colour = coloursOf([...values.keys()]);
  const series: readonly Series[] = [...values]
    .filter(([name]) => name !== 'all')
    .map(([name, each]) => ({ name, colour: colour(name), values: each }));
  const total = series.reduce((sum, each) => sum + each.values.reduce<number>((a, b) => a + (b ?? 0), 0), 0);

  return (
    <section aria-label="Live" className="panel">
      <header>
        <h2>Now</h2>
        <span className="quiet small">Events each second, last 5 minutes</span>
        <span className="grow" />
        {lost ? (
          <span className="notice" role="status">
            Connection lost. Shown is {formatTime(dataUpdatedAt, zone)}
          </span>
        ) : (
          <span className="status small">
            <span className="dot live-dot" data-state="good" /> Live
          </span>
        )}
      </header>
      <TimeChart
        height={176}
        kind="bars"
        label={`Events of the last five minutes by type, ${total} in all`}
        series={series}
        stacked
        step={second}
        times={times}
        unit="count"
        zone={zone}
      />
      {series.length === 0 ? (
        <p className="legend quiet">
          {data === undefined ? 'Reading…' : 'Nothing came in during the last five minutes.'}
        </p>
      ) : (
        <Legend series={series} unit="count" />
      )}
    </section>
  );
}
