import { useView } from '../../app/use-view.ts';
import { CopyButton } from '../../ui/copy-button.tsx';
import { FilterBar } from '../../ui/filter-bar.tsx';
import { EmptyState, ErrorState, Skeleton } from '../../ui/states.tsx';
import { AnswerChart } from './answer-chart.tsx';
import { AnswerNumber } from './answer-number.tsx';
import { AnswerTable } from './answer-table.tsx';
import { chartHeight } from './layout.ts';
import { needsField, readQuestion, useAnswer } from './question.ts';
import { QuestionForm } from './question-form.tsx';
import './explore.css';

export default function Explore() {
  const { params, range, conditions } = useView();
  const question = readQuestion(params);
  const { data, error, isFetching, refetch } = useAnswer(question, range, conditions);
  return (
    <>
      <QuestionForm question={question} />
      <div className="explore-tools">
        <FilterBar />
        <span className="grow" />
        <CopyButton label="Copy link" text={location.href} />
      </div>
      <section aria-busy={isFetching} aria-label="Answer" className="panel explore-answer">
        {needsField(question.metric) && question.field === undefined ? (
          <EmptyState title="Of which property?">
            <p>Name a property with numbers, for example data.response_time.</p>
          </EmptyState>
        ) : error !== null ? (
          <ErrorState error={error} retry={() => void refetch()} />
        ) : data === undefined ? (
          <Skeleton height={chartHeight} />
        ) : data.result.total === null || data.result.total === 0 ? (
          <EmptyState title="Nothing to show">
            <p>
              {needsField(question.metric)
                ? 'No event of this time has a number there. Property names are case-sensitive.'
                : 'No events fit. Take a filter away, or look at a longer time.'}
            </p>
          </EmptyState>
        ) : question.chart === 'table' ? (
          <AnswerTable answer={data} question={question} />
        ) : question.chart === 'number' ? (
          <AnswerNumber answer={data} question={question} />
        ) : (
          <AnswerChart answer={data} kind={question.chart} question={question} />
        )}
      </section>
    </>
  );
}
