import type { Unit } from '../lib/format.ts';

export interface Series {
  readonly name: string;
  /** A CSS variable, `--series-1`. */
  readonly colour: string;
  /** One for each time; null where there is nothing. */
  readonly values: readonly (number | null)[];
  /** Of the period before: drawn as a broken line. */
  readonly before?: boolean;
}

export interface TimeSeries {
  /** Milliseconds since the epoch, rising. */
  readonly times: readonly number[];
  readonly series: readonly Series[];
}

export type ChartKind = 'line' | 'area' | 'bars';

export interface TimeChartProps extends TimeSeries {
  readonly kind: ChartKind;
  /** Values of one time stand on each other; they are of one whole. */
  readonly stacked?: boolean;
  readonly unit: Unit;
  /** Milliseconds between two times. */
  readonly step: number;
  readonly height: number;
  /** What is shown, read out. */
  readonly label: string;
  readonly zone: 'local' | 'utc';
  /** Told of a span of time that was drawn over with the pointer. */
  readonly onBrush?: (start: number, end: number) => void;
}

/** Each series upon those before it, for drawing; gaps count as nothing. */
export function stack(series: readonly Series[]): readonly (readonly number[])[] {
  const sums: number[] = [];
  return series.map(({ values }) =>
    values.map((value, at) => {
      const sum = (sums[at] ?? 0) + (value ?? 0);
      sums[at] = sum;
      return sum;
    }),
  );
}
