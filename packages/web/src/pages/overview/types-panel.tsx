import { useView } from '../../app/use-view.ts';
import { Legend } from '../../charts/legend.tsx';
import { TimeChart } from '../../charts/time-chart.tsx';
import { seriesOf } from '../../lib/aggregation.ts';
import { coloursOf } from '../../lib/colours.ts';
import type { TimeRange } from '../../lib/time-range.ts';
import { EmptyState, ErrorState, Skeleton } from '../../ui/states.tsx';
import { useTypesOverTime } from './figures.ts';

const height = 208;

/** Events by type over the chosen time; drawing over a part shows that part. */
export function TypesPanel({ range }: { readonly range: TimeRange }) {
  const { zone, setRange } = useView();
  const { data, error, refetch } = useTypesOverTime(range);
  return (
    <section aria-label="Events by type" className="panel">
      <header>
        <h2>Events by type</h2>
      </header>
      {data === undefined ? (
        error === null ? (
          <Skeleton height={height} />
        ) : (
          <ErrorState error={error} retry={() => void refetch()} />
        )
      ) : (
        (() => {
          const values = seriesOf(data.result, data.times, 0);
          if (data.result.total === 0)
            return (
              <EmptyState title="No events in this time">
                <p>A longer time range may have some.</p>
              </EmptyState>
            );
          const colour = coloursOf([...values.keys()]);
          const series = [...values].map(([name, each]) => ({ name, colour: colour(name), values: each }));
          return (
            <>
              <TimeChart
                height={height}
                kind="bars"
                label={`Events by type: ${series.map(({ name }) => name).join(', ')}`}
                onBrush={(start, end) => setRange({ kind: 'between', start, end })}
                series={series}
                stacked
                step={data.step}
                times={data.times}
                unit="count"
                zone={zone}
              />
              <Legend series={series} unit="count" />
            </>
          );
        })()
      )}
    </section>
  );
}
