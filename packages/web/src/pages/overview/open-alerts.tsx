import { Link } from '@tanstack/react-router';
import { useOpenAlerts } from '../../app/open-alerts.ts';
import { useView } from '../../app/use-view.ts';
import { formatAgo, formatCount } from '../../lib/format.ts';
import { carriedParams } from '../../lib/view.ts';
import { Icon } from '../../ui/icon.tsx';
import { Level } from '../../ui/level.tsx';
import { describeError } from '../../ui/states.tsx';

const shown = 3;

/** What fires now, in one line; more is on the page of the alerts. */
export function OpenAlerts() {
  const { params } = useView();
  const { data, error } = useOpenAlerts();
  const alerts = data?.alerts ?? [];
  const total = data?.total ?? 0;
  return (
    <section aria-label="Open alerts" className="panel health-strip">
      <h2 className="status">
        <Icon name="alerts" /> Alerts
      </h2>
      {error !== null ? (
        <span className="error-text small">{describeError(error)}</span>
      ) : data === undefined ? (
        <span className="quiet">Asking…</span>
      ) : total === 0 ? (
        <span className="status">
          <span className="dot" data-state="good" /> Nothing fires
        </span>
      ) : (
        alerts.slice(0, shown).map((alert) => (
          <Link
            className="status open-alert"
            key={alert.id}
            search={{ ...carriedParams(params), alert: alert.id }}
            to="/alerts"
          >
            <Level level={alert.level} />
            <span>{alert.rule_name}</span>
            <span className="quiet small">{formatAgo(alert.fired_at, Date.now())}</span>
          </Link>
        ))
      )}
      {total > shown ? <span className="quiet">and {formatCount(total - shown)} more</span> : null}
      <span className="grow" />
      <Link search={carriedParams(params)} to="/alerts">
        All alerts
      </Link>
    </section>
  );
}
