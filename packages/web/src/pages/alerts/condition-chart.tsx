import { useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { client } from '../../app/session.ts';
import { useView } from '../../app/use-view.ts';
import { TimeChart } from '../../charts/time-chart.tsx';
import { formatValue } from '../../lib/format.ts';
import { describeError, Skeleton } from '../../ui/states.tsx';
import { type DrawnCondition, drawnCondition, durationMs } from './condition-metric.ts';

const dayMs = 86_400_000;
const mostPoints = 288;
const waitMs = 400;
const height = 144;

interface ConditionChartProps {
  readonly condition: string;
  readonly threshold: number;
  readonly window: string;
}

/** What was typed a moment ago, so that not every letter asks the server. */
function useSettled<T>(value: T, key: string): T {
  const [settled, setSettled] = useState(value);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the key stands for the value
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), waitMs);
    return () => clearTimeout(timer);
  }, [key]);
  return settled;
}

/** The metric of the condition as it really was, and the limit through it. One point is one window. */
export function ConditionChart({ condition, threshold, window }: ConditionChartProps) {
  const typed = { drawn: drawnCondition(condition, threshold), windowMs: durationMs(window), window };
  const { drawn, windowMs, window: step } = useSettled(typed, `${condition}|${threshold}|${window}`);
  if (drawn === null || windowMs === null || windowMs < 1000)
    return (
      <p className="quiet small condition-chart">
        {condition.trim() === ''
          ? 'The metric is drawn here as soon as the condition names one.'
          : 'A condition that compares one built-in metric with a number is drawn here. Others can be tried below.'}
      </p>
    );
  return <Drawn drawn={drawn} step={step} windowMs={windowMs} />;
}

interface DrawnProps {
  readonly drawn: DrawnCondition;
  readonly step: string;
  readonly windowMs: number;
}

function Drawn({ drawn: { metric, unit, limit }, step, windowMs }: DrawnProps) {
  const { zone } = useView();
  const { data, error } = useQuery({
    queryKey: ['metric of a condition', metric, step],
    queryFn: ({ signal }) => {
      const end = Math.ceil(Date.now() / 1000) * 1000;
      const start = end - Math.min(dayMs, windowMs * mostPoints);
      return client.metrics.historical(
        {
          start: new Date(start).toISOString(),
          end: new Date(end).toISOString(),
          interval: step,
          metrics: [metric],
        },
        { signal },
      );
    },
    placeholderData: (old, query) => (query?.queryKey[1] === metric ? old : undefined),
    staleTime: 30_000,
  });
  if (data === undefined)
    return error === null ? (
      <Skeleton height={height} />
    ) : (
      <p className="error-text small">{describeError(error)}</p>
    );
  const times = data.data.map(({ timestamp }) => Date.parse(timestamp));
  const values = data.data.map((point) => point[metric] ?? null);
  return (
    <figure className="condition-chart">
      <TimeChart
        height={height}
        kind="line"
        label={`${metric}, and its limit at ${formatValue(limit, unit)}`}
        series={[
          { name: metric, colour: '--series-1', values },
          { name: 'limit', colour: '--bad', values: times.map(() => limit), before: true },
        ]}
        step={windowMs}
        times={times}
        unit={unit}
        zone={zone}
      />
      <figcaption className="quiet small">
        {metric} in windows of {step}, and the limit at {formatValue(limit, unit)}
      </figcaption>
    </figure>
  );
}
