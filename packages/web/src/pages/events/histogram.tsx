import { useView } from '../../app/use-view.ts';
import { TimeChart } from '../../charts/time-chart.tsx';
import { seriesOf } from '../../lib/aggregation.ts';
import { coloursOf } from '../../lib/colours.ts';
import { formatCount } from '../../lib/format.ts';
import { Skeleton } from '../../ui/states.tsx';
import { useHistogram } from './query.ts';

const height = 112;

/** How many events there are over the range; drawing over a part shows that part. */
export function Histogram() {
  const { range, conditions, zone, setRange } = useView();
  const { data } = useHistogram(range, conditions);
  const values =
    data === undefined ? new Map<string, readonly (number | null)[]>() : seriesOf(data.result, data.times, 0);
  const colour = coloursOf([...values.keys()]);
  const total = data?.result.total ?? 0;
  return (
    <section aria-label="Events over time" className="panel">
      <header>
        <h2>
          {data === undefined ? 'Counting…' : `${formatCount(total)} ${total === 1 ? 'event' : 'events'}`}
        </h2>
        <span className="quiet small">Draw over a part of the chart to look at that time</span>
      </header>
      {data === undefined ? (
        <Skeleton height={height} />
      ) : (
        <TimeChart
          height={height}
          kind="bars"
          label={`${formatCount(total)} events over the time that is shown`}
          onBrush={(start, end) => setRange({ kind: 'between', start, end })}
          series={[...values].map(([name, each]) => ({ name, colour: colour(name), values: each }))}
          stacked
          step={data.step}
          times={data.times}
          unit="count"
          zone={zone}
        />
      )}
    </section>
  );
}
