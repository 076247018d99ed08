import { useQuery } from '@tanstack/react-query';
import { client } from '../../app/session.ts';
import { formatCount, formatTime, type Zone } from '../../lib/format.ts';
import { ErrorState, Skeleton } from '../../ui/states.tsx';

const kept = (days: number | null): string =>
  days === null ? 'For ever' : days === 1 ? '1 day' : `${formatCount(days)} days`;

/** How long what is stored stays, and what was removed. It is set in the configuration. */
export function Retention({ zone }: { readonly zone: Zone }) {
  const { data, error, refetch } = useQuery({
    queryKey: ['retention'],
    queryFn: ({ signal }) => client.system.retention({ signal }),
    refetchInterval: 60_000,
  });
  const byType = Object.entries(data?.days_by_type ?? {});
  return (
    <section aria-label="Retention" className="panel">
      <header>
        <h2>Retention</h2>
        <span className="quiet small">Set in the configuration, under storage.retention_days</span>
      </header>
      {error !== null ? (
        <ErrorState error={error} retry={() => void refetch()} />
      ) : data === undefined ? (
        <div className="state">
          <Skeleton height={64} />
        </div>
      ) : (
        <>
          <dl className="retention">
            <div>
              <dt>Events are kept</dt>
              <dd className="retention-figure">{kept(data.days)}</dd>
              <dd className="quiet small">by their timestamp, in UTC</dd>
            </div>
            <div>
              <dt>The audit log is kept</dt>
              <dd className="retention-figure">{kept(data.audit_days)}</dd>
            </div>
            <div>
              <dt>Removed so far</dt>
              <dd className="retention-figure">{formatCount(data.removed.events)}</dd>
              <dd className="quiet small">
                {data.removed.last_at === null
                  ? 'events; nothing was old enough yet'
                  : `events; the last ${formatCount(data.removed.last_events)} at ${formatTime(data.removed.last_at, zone)}`}
              </dd>
            </div>
            <div>
              <dt>Looked for old events</dt>
              <dd className="retention-figure">
                {data.last_run_at === null ? 'Never' : formatTime(data.last_run_at, zone)}
              </dd>
              <dd className="quiet small">
                {data.last_run_at === null ? 'all events are kept for ever' : 'once an hour'}
              </dd>
            </div>
          </dl>
          {byType.length === 0 ? null : (
            <table className="table">
              <thead>
                <tr>
                  <th scope="col">Type</th>
                  <th scope="col">Kept</th>
                </tr>
              </thead>
              <tbody>
                {byType.map(([type, days]) => (
                  <tr key={type}>
                    <td className="mono">{type}</td>
                    <td>{kept(days)}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          )}
        </>
      )}
    </section>
  );
}
