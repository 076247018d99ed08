import { useView } from '../../app/use-view.ts';
import { Legend } from '../../charts/legend.tsx';
import type { ChartKind, Series } from '../../charts/series.ts';
import { TimeChart } from '../../charts/time-chart.tsx';
import { seriesOf } from '../../lib/aggregation.ts';
import { coloursOf } from '../../lib/colours.ts';
import { chartHeight } from './layout.ts';
import { type Answer, isAdditive, metrics, type Question, unitOf } from './question.ts';

export function AnswerChart({
  answer,
  question,
  kind,
}: {
  readonly answer: Answer;
  readonly question: Question;
  readonly kind: ChartKind;
}) {
  const { zone, setRange } = useView();
  const { metric } = question;
  const absent = isAdditive(metric) || metric === 'unique_users' ? 0 : null;
  const now = [...seriesOf(answer.result, answer.times, absent)];
  const measure = metrics.find(({ value }) => value === metric)?.label ?? metric;
  const label = question.field === undefined ? measure : `${measure} ${question.field}`;
  const nameOf = (name: string): string => (question.by.length === 0 ? label : name);
  const colour = coloursOf(question.by.length === 0 ? [] : now.map(([name]) => name));
  const colourOf = (name: string): string => (question.by.length === 0 ? '--series-1' : colour(name));
  const stacked = kind !== 'line' && isAdditive(metric) && !question.compare;
  // The first and the last interval may lie half outside: as points of a line they would look like a fall.
  const whole = (values: readonly (number | null)[]): readonly (number | null)[] =>
    kind === 'line' && isAdditive(metric)
      ? values.map((value, at) => {
          const time = answer.times[at] ?? 0;
          return time >= answer.start && time + answer.step.ms <= answer.start + answer.span ? value : null;
        })
      : values;
  const series: Series[] = now.map(([name, values]) => ({
    name: nameOf(name),
    colour: colourOf(name),
    values: whole(values),
  }));
  if (answer.before !== null) {
    const times = answer.times.map((time) => time - answer.span);
    for (const [name, values] of seriesOf(answer.before, times, absent))
      series.push({
        name: `${nameOf(name)}, before`,
        colour: colourOf(name),
        values: whole(values),
        before: true,
      });
  }
  const unit = unitOf(metric);
  return (
    <>
      <header>
        <h2>{label}</h2>
        <span className="quiet small">each {answer.step.text}</span>
      </header>
      <TimeChart
        height={chartHeight}
        kind={kind}
        label={`${label} over time: ${series.map(({ name }) => name).join(', ')}`}
        onBrush={(start, end) => setRange({ kind: 'between', start, end })}
        series={series}
        stacked={stacked}
        step={answer.step.ms}
        times={answer.times}
        unit={unit}
        zone={zone}
      />
      <Legend series={series} unit={isAdditive(metric) ? unit : 'number'} />
    </>
  );
}
