import { type Role, roles, type User } from '@streamflow/contracts';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { client } from '../../app/session.ts';
import { formatAgo, formatDay } from '../../lib/format.ts';
import { Button } from '../../ui/button.tsx';
import { Modal } from '../../ui/dialog.tsx';
import { Field, Select } from '../../ui/field.tsx';
import { FormEnd } from '../../ui/form-end.tsx';
import { Icon } from '../../ui/icon.tsx';
import { ScrollingTable } from '../../ui/scrolling-table.tsx';
import { describeError, ErrorState, Skeleton } from '../../ui/states.tsx';

const queryKey = ['users'];
const roleOptions = roles.map((role) => ({ value: role, label: role }));
const mayDo: Readonly<Record<Role, string>> = {
  admin: 'everything',
  analyst: 'reads, sends events, edits metrics and alerts',
  viewer: 'reads',
};

export function Users({ me }: { readonly me: string | undefined }) {
  const [adding, setAdding] = useState(false);
  const { data, error, refetch } = useQuery({ queryKey, queryFn: () => client.users.list({ limit: 1000 }) });
  return (
    <section aria-label="Users" className="panel">
      <header>
        <h2>Users</h2>
        <span className="grow" />
        <Button onClick={() => setAdding(true)} size="small">
          <Icon name="plus" size={14} /> Add a user
        </Button>
      </header>
      {error !== null ? (
        <ErrorState error={error} retry={() => void refetch()} />
      ) : (
        <ScrollingTable cards>
          <thead>
            <tr>
              <th scope="col">E-mail address</th>
              <th scope="col">Role</th>
              <th scope="col">Last sign-in</th>
              <th scope="col">Since</th>
              <th scope="col">
                <span className="visually-hidden">Access</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {data === undefined ? (
              <tr>
                <td colSpan={5}>
                  <Skeleton height={16} />
                </td>
              </tr>
            ) : (
              data.data.map((user) => <UserRow isMe={user.id === me} key={user.id} user={user} />)
            )}
          </tbody>
        </ScrollingTable>
      )}
      <Modal onClose={() => setAdding(false)} open={adding} title="Add a user">
        <NewUser onDone={() => setAdding(false)} />
      </Modal>
    </section>
  );
}

function UserRow({ user, isMe }: { readonly user: User; readonly isMe: boolean }) {
  const queries = useQueryClient();
  const change = useMutation({
    mutationFn: (next: { role?: Role; disabled?: boolean }) => client.users.update(user.id, next),
    onSettled: () => queries.invalidateQueries({ queryKey }),
  });
  return (
    <tr>
      <td>
        {user.email} {isMe ? <span className="quiet">(you)</span> : null}
        {change.error === null ? null : (
          <span className="error-text small" role="alert">
            {' '}
            {describeError(change.error)}
          </span>
        )}
      </td>
      <td>
        <select
          aria-label={`Role of ${user.email}`}
          className="input role"
          disabled={isMe || change.isPending}
          onChange={(event) => {
            const role = roles.find((each) => each === event.target.value);
            if (role !== undefined) change.mutate({ role });
          }}
          value={user.role}
        >
          {roles.map((role) => (
            <option key={role}>{role}</option>
          ))}
        </select>
      </td>
      <td className="quiet" data-label="Last sign-in">
        {user.last_login_at === null ? 'never' : formatAgo(user.last_login_at, Date.now())}
      </td>
      <td className="quiet" data-label="Since">
        {formatDay(user.created_at, 'local')}
      </td>
      <td className="number">
        {isMe ? null : (
          <Button
            disabled={change.isPending}
            kind={user.disabled ? undefined : 'danger'}
            onClick={() => change.mutate({ disabled: !user.disabled })}
            size="small"
          >
            {user.disabled ? 'Enable' : 'Disable'}
          </Button>
        )}
      </td>
    </tr>
  );
}

function NewUser({ onDone }: { readonly onDone: () => void }) {
  const queries = useQueryClient();
  const [email, setEmail] = useState('');
  const [password, setPassword] = useState('');
  const [role, setRole] = useState<Role>('viewer');
  const add = useMutation({
    mutationFn: () => client.users.create({ email, password, role }),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey });
      onDone();
    },
  });
  return (
    <form
      className="form"
      onSubmit={(event) => {
        event.preventDefault();
        add.mutate();
      }}
    >
      <Field label="E-mail address">
        <input
          autoComplete="off"
          className="input"
          onChange={(event) => setEmail(event.target.value)}
          required
          type="email"
          value={email}
        />
      </Field>
      <Field label="Password, at least 8 characters">
        <input
          autoComplete="new-password"
          className="input"
          minLength={8}
          onChange={(event) => setPassword(event.target.value)}
          required
          type="password"
          value={password}
        />
      </Field>
      <Select label="Role" onChange={setRole} options={roleOptions} value={role} />
      <p className="quiet small">
        {role}: {mayDo[role]}
      </p>
      <FormEnd error={add.error} isPending={add.isPending} onCancel={onDone} submit="Add" />
    </form>
  );
}
