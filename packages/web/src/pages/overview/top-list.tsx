import { Link } from '@tanstack/react-router';
import { useView } from '../../app/use-view.ts';
import { nameOfNull, rowName, rowsOf } from '../../lib/aggregation.ts';
import { coloursOf } from '../../lib/colours.ts';
import { formatShortCount } from '../../lib/format.ts';
import type { TimeRange } from '../../lib/time-range.ts';
import { carriedParams, conditionParams } from '../../lib/view.ts';
import { ErrorState, Skeleton } from '../../ui/states.tsx';
import { useTop, useTypesOverTime } from './figures.ts';

export interface TopListProps {
  readonly title: string;
  readonly field: 'type' | 'source' | 'data.page';
  readonly range: TimeRange;
}

const length = 8;

/** The values with the most events, each a way to its events. */
export const TopList = (props: TopListProps) =>
  props.field === 'type' ? <TopTypes {...props} /> : <TopOf {...props} field={props.field} />;

function TopTypes({ range, title, field }: TopListProps) {
  const { data, error } = useTypesOverTime(range);
  return <List aggregations={data?.result.aggregations} error={error} field={field} title={title} />;
}

function TopOf({ range, title, field }: TopListProps & { readonly field: 'source' | 'data.page' }) {
  const { data, error } = useTop(field, range);
  return <List aggregations={data?.aggregations} error={error} field={field} title={title} />;
}

function List({
  title,
  field,
  aggregations,
  error,
}: Pick<TopListProps, 'title' | 'field'> & {
  readonly aggregations: Parameters<typeof rowsOf>[0] | undefined;
  readonly error: unknown;
}) {
  const { params } = useView();
  const rows = rowsOf(aggregations ?? {})
    .filter(({ names }) => names[0] !== nameOfNull)
    .slice(0, length);
  const most = rows[0]?.value ?? 1;
  const colour = coloursOf(field === 'type' ? rows.map(rowName) : []);
  return (
    <section aria-label={title} className="panel">
      <header>
        <h2>{title}</h2>
      </header>
      {aggregations === undefined && error !== null ? <ErrorState error={error} /> : null}
      <ol className="top-list">
        {aggregations === undefined && error === null
          ? Array.from({ length }, (_, at) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: places, not things
              <li key={at}>
                <Skeleton height={16} />
              </li>
            ))
          : rows.map((row) => {
              const name = rowName(row);
              return (
                <li key={name}>
                  <Link
                    search={{ ...carriedParams(params), ...conditionParams([{ field, value: name }]) }}
                    to="/browse"
                  >
                    <span
                      className="top-bar"
                      style={{
                        background: field === 'type' ? `var(${colour(name)})` : 'var(--accent)',
                        width: `${((row.value ?? 0) / (most ?? 1)) * 100}%`,
                      }}
                    />
                    <span className="top-name" title={name}>
                      {name}
                    </span>
                    <span>{formatShortCount(row.value ?? 0)}</span>
                  </Link>
                </li>
              );
            })}
        {aggregations !== undefined && rows.length === 0 ? (
          <li className="quiet">None in this time</li>
        ) : null}
      </ol>
    </section>
  );
}
