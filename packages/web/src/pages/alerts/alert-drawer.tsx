import type { AlertDetail } from '@streamflow/contracts';
import { Link } from '@tanstack/react-router';
import { useAlert } from '../../app/open-alerts.ts';
import { useMay } from '../../app/permissions.ts';
import { useView } from '../../app/use-view.ts';
import { formatCount, formatTime } from '../../lib/format.ts';
import { Drawer } from '../../ui/dialog.tsx';
import { Level } from '../../ui/level.tsx';
import { ErrorState, Skeleton } from '../../ui/states.tsx';
import { AlertActions } from './alert-actions.tsx';
import { eventsParams, groupText, measuredText, timelineText } from './alert-words.ts';

interface AlertDrawerProps {
  readonly id: string | undefined;
  readonly onClose: () => void;
}

export const AlertDrawer = ({ id, onClose }: AlertDrawerProps) => (
  <Drawer onClose={onClose} open={id !== undefined} title="Alert">
    {id === undefined ? null : <Content id={id} />}
  </Drawer>
);

function Content({ id }: { readonly id: string }) {
  const { data, error } = useAlert(id);
  const mayAct = useMay('alerts:write');
  if (data === undefined) return error === null ? <Skeleton height={240} /> : <ErrorState error={error} />;
  return (
    <div className="form">
      <div className="alert-head">
        <Level level={data.level} />
        <strong>{data.rule_name}</strong>
        <span className="quiet">{groupText(data.group)}</span>
      </div>
      {data.description === null ? null : <p>{data.description}</p>}
      {mayAct && data.status !== 'resolved' ? <AlertActions alert={data} /> : null}
      <Why alert={data} />
      <Timeline alert={data} />
    </div>
  );
}

function Why({ alert }: { readonly alert: AlertDetail }) {
  const { zone } = useView();
  const { condition, value, threshold, window, contributors } = alert.explanation;
  return (
    <section className="alert-part">
      <h3>Why it fired</h3>
      <pre className="code">{condition}</pre>
      <p>
        It was {measuredText(alert, value)}
        {condition.includes('threshold') ? `, with the threshold at ${measuredText(alert, threshold)},` : ''}{' '}
        from {formatTime(window.start, zone)} to {formatTime(window.end, zone)}.
      </p>
      {contributors.length === 0 ? null : (
        <table className="table contributors">
          <thead>
            <tr>
              <th scope="col">What rose most</th>
              <th className="number" scope="col">
                Before
              </th>
              <th className="number" scope="col">
                Then
              </th>
            </tr>
          </thead>
          <tbody>
            {contributors.map(({ group, value: then, before }) => (
              <tr key={groupText(group)}>
                <td>{groupText(group)}</td>
                <td className="number quiet">{formatCount(before)}</td>
                <td className="number">{formatCount(then)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      <p>
        <Link search={eventsParams(alert)} to="/browse">
          Events of that time
        </Link>
      </p>
    </section>
  );
}

function Timeline({ alert }: { readonly alert: AlertDetail }) {
  const { zone } = useView();
  return (
    <section aria-label="Timeline" className="alert-part">
      <h3>Timeline</h3>
      <ol className="timeline">
        {alert.timeline.map((entry) => (
          <li data-what={entry.what} key={`${entry.at} ${entry.what} ${entry.comment ?? ''}`}>
            <time className="quiet small" dateTime={entry.at}>
              {formatTime(entry.at, zone)}
            </time>
            <span>
              {timelineText(entry)}
              {entry.by === null ? '' : ` by ${entry.by}`}
            </span>
            {entry.comment === null ? null : <span className="quiet">{entry.comment}</span>}
          </li>
        ))}
      </ol>
    </section>
  );
}
