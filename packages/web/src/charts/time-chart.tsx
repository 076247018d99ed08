import { lazy, Suspense } from 'react';
import { Skeleton } from '../ui/states.tsx';
import type { TimeChartProps } from './series.ts';
import './charts.css';

const UPlotChart = lazy(() => import('./uplot-chart.tsx'));

/** A chart over time. Its library is loaded when the first one is shown; its place is kept meanwhile. */
export const TimeChart = (props: TimeChartProps) => (
  <div className="chart" style={{ height: props.height }}>
    <Suspense fallback={<Skeleton height={props.height} />}>
      <UPlotChart {...props} />
    </Suspense>
  </div>
);
