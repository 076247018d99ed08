import type { DataPath } from '@streamflow/client';
import type { AggregationMetric, AggregationResult, GroupableField } from '@streamflow/contracts';
import { useQuery } from '@tanstack/react-query';
import { client } from '../../app/session.ts';
import { isDataPath, toEventFilter } from '../../lib/filter.ts';
import type { Unit } from '../../lib/format.ts';
import {
  type Interval,
  intervalFor,
  intervalStarts,
  refreshOf,
  resolveRange,
  type TimeRange,
} from '../../lib/time-range.ts';
import { allOf, type Condition, oneOf, type Params } from '../../lib/view.ts';

export const metrics: readonly { readonly value: AggregationMetric; readonly label: string }[] = [
  { value: 'count', label: 'Number of events' },
  { value: 'unique_users', label: 'Unique users' },
  { value: 'sum', label: 'Sum of' },
  { value: 'avg', label: 'Mean of' },
  { value: 'min', label: 'Least of' },
  { value: 'max', label: 'Most of' },
  { value: 'p50', label: 'Median of' },
  { value: 'p90', label: '90th percentile of' },
  { value: 'p95', label: '95th percentile of' },
  { value: 'p99', label: '99th percentile of' },
];

export const charts = [
  { value: 'line', label: 'Line' },
  { value: 'bars', label: 'Bars' },
  { value: 'area', label: 'Area' },
  { value: 'table', label: 'Table' },
  { value: 'number', label: 'Number' },
] as const;
export type Chart = (typeof charts)[number]['value'];

export const groupFields = [
  'type',
  'source',
  'severity',
  'user_id',
  'session_id',
  'correlation_id',
  'tag',
] as const satisfies readonly GroupableField[];
export type GroupBy = GroupableField | DataPath;

/** What is asked, as the address says it. */
export interface Question {
  readonly metric: AggregationMetric;
  readonly field: DataPath | undefined;
  readonly by: readonly GroupBy[];
  readonly chart: Chart;
  readonly compare: boolean;
}

export const needsField = (metric: AggregationMetric): boolean =>
  metric !== 'count' && metric !== 'unique_users';
/** Parts of these add up to a whole, so that they may stand on each other. */
export const isAdditive = (metric: AggregationMetric): boolean => metric === 'count' || metric === 'sum';
export const unitOf = (metric: AggregationMetric): Unit => (needsField(metric) ? 'number' : 'count');

export const toGroupBy = (text: string): GroupBy | undefined =>
  isDataPath(text) ? text : groupFields.find((name) => name === text);

export function readQuestion(params: Params): Question {
  const field = oneOf(params, 'field') ?? '';
  return {
    metric: metrics.find(({ value }) => value === oneOf(params, 'metric'))?.value ?? 'count',
    field: isDataPath(field) ? field : undefined,
    by: allOf(params, 'by')
      .flatMap((text) => toGroupBy(text) ?? [])
      .slice(0, 2),
    chart: charts.find(({ value }) => value === oneOf(params, 'chart'))?.value ?? 'line',
    compare: oneOf(params, 'compare') === 'before',
  };
}

export interface Answer {
  readonly result: AggregationResult;
  /** The same over the time before, when it is compared with. */
  readonly before: AggregationResult | null;
  readonly times: readonly number[];
  readonly step: Interval;
  readonly start: number;
  readonly span: number;
}

const shownGroups = 8;
const tableGroups = 200;

export const useAnswer = (question: Question, range: TimeRange, conditions: readonly Condition[]) =>
  useQuery({
    queryKey: ['explore', question, range, conditions],
    enabled: !needsField(question.metric) || question.field !== undefined,
    queryFn: async ({ signal }): Promise<Answer> => {
      const { start, end } = resolveRange(range, Date.now());
      const span = end - start;
      const step = intervalFor(span, 120);
      const overTime = question.chart !== 'table' && question.chart !== 'number';
      const ask = (from: number, to: number) =>
        client.events.aggregate(
          {
            ...toEventFilter(conditions, { start: from, end: to }),
            metric: question.metric,
            field: needsField(question.metric) ? question.field : undefined,
            group_by: question.by,
            interval: overTime || question.chart === 'number' ? step.text : undefined,
            limit: overTime ? shownGroups : tableGroups,
          },
          { signal },
        );
      const [result, before] = await Promise.all([
        ask(start, end),
        question.compare ? ask(start - span, start) : null,
      ]);
      return { result, before, times: intervalStarts(start, end, step.ms), step, start, span };
    },
    refetchInterval: refreshOf(range, Date.now()),
    placeholderData: (old) => old,
  });
