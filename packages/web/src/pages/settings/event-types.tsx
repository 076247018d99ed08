import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { client } from '../../app/session.ts';
import { rowName, rowsOf } from '../../lib/aggregation.ts';
import { coloursOf } from '../../lib/colours.ts';
import { formatCount } from '../../lib/format.ts';
import { conditionParams } from '../../lib/view.ts';
import { EmptyState, ErrorState, Skeleton } from '../../ui/states.tsx';

/** Every type that was ever stored. Which ones are accepted is configured (`events.types`). */
export function EventTypes() {
  const { data, error, refetch } = useQuery({
    queryKey: ['all types'],
    queryFn: ({ signal }) => client.events.aggregate({ group_by: 'type', limit: 1000 }, { signal }),
    staleTime: 60_000,
  });
  const rows = rowsOf(data?.aggregations ?? {});
  const colour = coloursOf(rows.map(rowName));
  return (
    <section aria-label="Event types" className="panel">
      <header>
        <h2>Event types</h2>
        <span className="quiet small">
          Which types are accepted is set in the configuration, under events.types
        </span>
      </header>
      {error !== null ? (
        <ErrorState error={error} retry={() => void refetch()} />
      ) : data !== undefined && rows.length === 0 ? (
        <EmptyState title="No events yet" />
      ) : (
        <table className="table">
          <thead>
            <tr>
              <th scope="col">Type</th>
              <th className="number" scope="col">
                Events stored
              </th>
            </tr>
          </thead>
          <tbody>
            {data === undefined ? (
              <tr>
                <td colSpan={2}>
                  <Skeleton height={16} />
                </td>
              </tr>
            ) : (
              rows.map((row) => (
                <tr key={rowName(row)}>
                  <td>
                    <span className="swatch" style={{ background: `var(${colour(rowName(row))})` }} />{' '}
                    <Link
                      search={{ range: '30d', ...conditionParams([{ field: 'type', value: rowName(row) }]) }}
                      to="/browse"
                    >
                      {rowName(row)}
                    </Link>
                  </td>
                  <td className="number">{formatCount(row.value ?? 0)}</td>
                </tr>
              ))
            )}
          </tbody>
        </table>
      )}
    </section>
  );
}
