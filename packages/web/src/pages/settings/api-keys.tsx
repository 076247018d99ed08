import { type ApiKey, type Scope, scopes } from '@streamflow/contracts';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { client } from '../../app/session.ts';
import { formatAgo, formatDay } from '../../lib/format.ts';
import { Button } from '../../ui/button.tsx';
import { CopyButton } from '../../ui/copy-button.tsx';
import { Modal } from '../../ui/dialog.tsx';
import { Field } from '../../ui/field.tsx';
import { Icon } from '../../ui/icon.tsx';
import { ScrollingTable } from '../../ui/scrolling-table.tsx';
import { describeError, EmptyState, ErrorState, Skeleton } from '../../ui/states.tsx';

const queryKey = ['api keys'];
const mayDo: Readonly<Record<Scope, string>> = {
  ingest: 'sends events; safe in a web page',
  read: 'reads events, metrics and alerts',
  alerts: 'reads and edits alerts',
  admin: 'does everything',
};

export function ApiKeys() {
  const [making, setMaking] = useState(false);
  const { data, error, refetch } = useQuery({
    queryKey,
    queryFn: () => client.apiKeys.list({ limit: 1000 }),
  });
  const keys = data?.data.filter(({ revoked_at }) => revoked_at === null);
  return (
    <section aria-label="API keys" className="panel">
      <header>
        <h2>API keys</h2>
        <span className="grow" />
        <Button onClick={() => setMaking(true)} size="small">
          <Icon name="plus" size={14} /> Make a key
        </Button>
      </header>
      {error !== null ? (
        <ErrorState error={error} retry={() => void refetch()} />
      ) : keys?.length === 0 ? (
        <EmptyState title="No keys yet">
          <p>A program needs one to send events or to read them.</p>
        </EmptyState>
      ) : (
        <ScrollingTable cards>
          <thead>
            <tr>
              <th scope="col">Name</th>
              <th scope="col">Begins with</th>
              <th scope="col">May</th>
              <th scope="col">Last used</th>
              <th scope="col">Expires</th>
              <th scope="col">
                <span className="visually-hidden">Revoke</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {keys === undefined ? (
              <tr>
                <td colSpan={6}>
                  <Skeleton height={16} />
                </td>
              </tr>
            ) : (
              keys.map((key) => <KeyRow apiKey={key} key={key.id} />)
            )}
          </tbody>
        </ScrollingTable>
      )}
      <Modal onClose={() => setMaking(false)} open={making} title="Make a key">
        <NewKey onDone={() => setMaking(false)} />
      </Modal>
    </section>
  );
}

function KeyRow({ apiKey }: { readonly apiKey: ApiKey }) {
  const queries = useQueryClient();
  const [asking, setAsking] = useState(false);
  const revoke = useMutation({
    mutationFn: () => client.apiKeys.revoke(apiKey.id),
    onSettled: () => queries.invalidateQueries({ queryKey }),
  });
  return (
    <tr>
      <td>{apiKey.name}</td>
      <td className="mono">{apiKey.prefix}…</td>
      <td data-label="May">{apiKey.scopes.join(', ')}</td>
      <td className="quiet" data-label="Last used">
        {apiKey.last_used_at === null ? 'never' : formatAgo(apiKey.last_used_at, Date.now())}
      </td>
      <td className="quiet" data-label="Expires">
        {apiKey.expires_at === null ? 'never' : formatDay(apiKey.expires_at, 'local')}
      </td>
      <td className="number">
        {asking ? (
          <Button
            disabled={revoke.isPending}
            kind="danger"
            onBlur={() => setAsking(false)}
            onClick={() => revoke.mutate()}
            size="small"
          >
            Refuse it for ever
          </Button>
        ) : (
          <Button kind="danger" onClick={() => setAsking(true)} size="small">
            Revoke…
          </Button>
        )}
      </td>
    </tr>
  );
}

function NewKey({ onDone }: { readonly onDone: () => void }) {
  const queries = useQueryClient();
  const [name, setName] = useState('');
  const [chosen, setChosen] = useState<readonly Scope[]>(['ingest']);
  const make = useMutation({
    mutationFn: () => client.apiKeys.create({ name, scopes: [...chosen] }),
    onSuccess: () => queries.invalidateQueries({ queryKey }),
  });
  if (make.data !== undefined)
    return (
      <div className="form">
        <p>This is the key. It is shown this once.</p>
        <code className="code new-key">{make.data.key}</code>
        <div className="actions">
          <CopyButton text={make.data.key} />
          <Button kind="primary" onClick={onDone}>
            I have it
          </Button>
        </div>
      </div>
    );
  return (
    <form
      className="form"
      onSubmit={(event) => {
        event.preventDefault();
        if (chosen.length > 0) make.mutate();
      }}
    >
      <Field label="What is it for?">
        <input
          className="input"
          maxLength={128}
          onChange={(event) => setName(event.target.value)}
          required
          value={name}
        />
      </Field>
      <fieldset className="scopes">
        <legend className="quiet small">What may it do?</legend>
        {scopes.map((scope) => (
          <label key={scope}>
            <input
              checked={chosen.includes(scope)}
              onChange={(event) =>
                setChosen(event.target.checked ? [...chosen, scope] : chosen.filter((each) => each !== scope))
              }
              type="checkbox"
            />{' '}
            {scope} <span className="quiet">{mayDo[scope]}</span>
          </label>
        ))}
      </fieldset>
      {make.error === null ? null : (
        <p className="error-text" role="alert">
          {describeError(make.error)}
        </p>
      )}
      <div className="actions">
        <Button onClick={onDone}>Cancel</Button>
        <Button disabled={make.isPending || chosen.length === 0} kind="primary" type="submit">
          Make the key
        </Button>
      </div>
    </form>
  );
}
