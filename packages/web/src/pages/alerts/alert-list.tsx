import type { Alert } from '@streamflow/contracts';
import { useOpenAlerts, usePastAlerts } from '../../app/open-alerts.ts';
import { useView } from '../../app/use-view.ts';
import { formatAgo, formatCount, formatTime } from '../../lib/format.ts';
import { Level } from '../../ui/level.tsx';
import { ScrollingTable } from '../../ui/scrolling-table.tsx';
import { EmptyState, ErrorState, Skeleton } from '../../ui/states.tsx';
import { groupText, measuredText } from './alert-words.ts';

interface AlertListProps {
  readonly part: 'open' | 'past';
  readonly onOpen: (id: string) => void;
}

/** Alerts that fire, or those that did. */
export function AlertList({ part, onOpen }: AlertListProps) {
  const open = useOpenAlerts();
  const past = usePastAlerts(part === 'past');
  const { error, refetch } = part === 'open' ? open : past;
  const alerts = part === 'open' ? open.data?.alerts : past.data?.data;
  const total = part === 'open' ? open.data?.total : past.data?.pagination.total;
  return (
    <section aria-label={part === 'open' ? 'Open alerts' : 'Past alerts'} className="panel">
      <header>
        <h2>{part === 'open' ? 'Open alerts' : 'Past alerts'}</h2>
        {total === undefined ? null : <span className="quiet small">{formatCount(total)}</span>}
      </header>
      {alerts === undefined ? (
        error === null ? (
          <div className="state">
            <Skeleton height={48} />
          </div>
        ) : (
          <ErrorState error={error} retry={() => void refetch()} />
        )
      ) : alerts.length === 0 ? (
        <EmptyState title={part === 'open' ? 'Nothing fires' : 'Nothing has fired yet'}>
          <p>
            {part === 'open'
              ? 'An alert is here from the moment that a rule begins to fire until it is over.'
              : 'Alerts come here when they are over.'}
          </p>
        </EmptyState>
      ) : (
        <>
          {error === null ? null : (
            <p className="notice" role="status">
              The connection is lost: this list is old.
            </p>
          )}
          <ScrollingTable cards>
            <thead>
              <tr>
                <th scope="col">Level</th>
                <th scope="col">Alert</th>
                <th className="number" scope="col">
                  Value
                </th>
                <th scope="col">Since</th>
                <th scope="col">{part === 'open' ? 'State' : 'Over'}</th>
              </tr>
            </thead>
            <tbody>
              {alerts.map((alert) => (
                <AlertRow alert={alert} key={alert.id} onOpen={onOpen} />
              ))}
            </tbody>
          </ScrollingTable>
        </>
      )}
    </section>
  );
}

function AlertRow({ alert, onOpen }: { readonly alert: Alert; readonly onOpen: (id: string) => void }) {
  const { zone } = useView();
  return (
    <tr>
      <td>
        <Level level={alert.level} />
      </td>
      <td>
        <button className="link" onClick={() => onOpen(alert.id)} type="button">
          {alert.rule_name}
        </button>{' '}
        <span className="quiet">{groupText(alert.group)}</span>
      </td>
      <td className="number" data-label="Value">
        {measuredText(alert, alert.explanation.value)}
      </td>
      <td data-label="Since" title={formatTime(alert.fired_at, zone)}>
        {formatAgo(alert.fired_at, Date.now())}
      </td>
      <td data-label={alert.resolved_at === null ? 'State' : 'Over'}>
        {alert.resolved_at !== null ? (
          formatTime(alert.resolved_at, zone)
        ) : (
          <span className="status">
            <span className="dot" data-state={alert.status === 'firing' ? 'bad' : 'warn'} />
            {alert.status === 'firing' ? 'firing' : `taken on by ${alert.acknowledged_by ?? 'somebody'}`}
          </span>
        )}
      </td>
    </tr>
  );
}
