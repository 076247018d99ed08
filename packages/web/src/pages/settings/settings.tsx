import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { client } from '../../app/session.ts';
import { useView } from '../../app/use-view.ts';
import { carriedParams, oneOf } from '../../lib/view.ts';
import { Segments } from '../../ui/segments.tsx';
import { EmptyState, Skeleton } from '../../ui/states.tsx';
import { ApiKeys } from './api-keys.tsx';
import { AuditLog } from './audit-log.tsx';
import { EventTypes } from './event-types.tsx';
import { Metrics } from './metrics.tsx';
import { Retention } from './retention.tsx';
import { Users } from './users.tsx';
import './settings.css';

const parts = [
  { value: 'users', label: 'Users' },
  { value: 'keys', label: 'API keys' },
  { value: 'types', label: 'Event types' },
  { value: 'metrics', label: 'Metrics' },
  { value: 'retention', label: 'Retention' },
  { value: 'audit', label: 'Audit log' },
] as const;

export default function Settings() {
  const { params, change, zone } = useView();
  const part = parts.find(({ value }) => value === oneOf(params, 'part'))?.value ?? 'users';
  const { data: me } = useQuery({
    queryKey: ['me'],
    queryFn: () => client.auth.me(),
    staleTime: Number.POSITIVE_INFINITY,
  });
  return (
    <>
      <div className="settings-parts">
        <Segments
          label="Part of the settings"
          onChange={(next) => change({ part: next })}
          options={parts}
          value={part}
        />
        <Link className="small" search={{ ...carriedParams(params), part: 'channels' }} to="/alerts">
          Channels are beside the alerts
        </Link>
      </div>
      {part === 'types' ? (
        <EventTypes />
      ) : part === 'metrics' ? (
        <Metrics />
      ) : part === 'retention' ? (
        <Retention zone={zone} />
      ) : me === undefined ? (
        // What only administrators may read is not asked for before it is known who this is.
        <Skeleton height={240} />
      ) : !me.permissions.includes('admin') ? (
        <EmptyState title="For administrators">
          <p>
            Users, keys and the audit log are looked after by administrators. Yours is the role{' '}
            {me.role ?? 'of a key'}.
          </p>
        </EmptyState>
      ) : part === 'users' ? (
        <Users me={me.id} />
      ) : part === 'audit' ? (
        <AuditLog />
      ) : (
        <ApiKeys />
      )}
    </>
  );
}
