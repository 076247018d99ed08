import { Sparkline } from '../../charts/sparkline.tsx';
import { formatChange, formatValue } from '../../lib/format.ts';
import { type Answer, metrics, type Question, unitOf } from './question.ts';

export function AnswerNumber({ answer, question }: { readonly answer: Answer; readonly question: Question }) {
  const { result, before, times } = answer;
  const totals = new Map(result.series?.map(({ timestamp, total }) => [Date.parse(timestamp), total]));
  const earlier = before?.total ?? null;
  return (
    <div className="answer-number">
      <p className="quiet">
        {metrics.find(({ value }) => value === question.metric)?.label} {question.field}
      </p>
      <p className="answer-figure">{formatValue(result.total, unitOf(question.metric))}</p>
      {before === null ? null : (
        <p className="quiet">
          {earlier === null || earlier === 0 || result.total === null
            ? 'Nothing in the period before'
            : `${formatChange((result.total - earlier) / earlier)} to the period before (${formatValue(earlier, unitOf(question.metric))})`}
        </p>
      )}
      <Sparkline colour="--series-1" values={times.map((time) => totals.get(time) ?? null)} />
    </div>
  );
}
