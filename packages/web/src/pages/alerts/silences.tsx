import type { Silence } from '@streamflow/contracts';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useMay } from '../../app/permissions.ts';
import { client } from '../../app/session.ts';
import { useView } from '../../app/use-view.ts';
import { formatTime } from '../../lib/format.ts';
import { Button } from '../../ui/button.tsx';
import { Modal } from '../../ui/dialog.tsx';
import { Icon } from '../../ui/icon.tsx';
import { Listed } from '../../ui/listed.tsx';
import { ScrollingTable } from '../../ui/scrolling-table.tsx';
import { describeError, EmptyState } from '../../ui/states.tsx';
import { NewSilence } from './new-silence.tsx';
import { silencesKey } from './silence-lengths.ts';

const tones = { active: 'warn', pending: undefined, expired: undefined } as const;

/** Quiet for alerts that fit. */
export function Silences() {
  const [adding, setAdding] = useState(false);
  const mayEdit = useMay('alerts:write');
  const { data, error, refetch } = useQuery({
    queryKey: [silencesKey],
    queryFn: async () => (await client.silences.list({ limit: 100 })).data,
    refetchInterval: 10_000,
  });
  return (
    <section aria-label="Silences" className="panel">
      <header>
        <h2>Silences</h2>
        <span className="quiet small">Alerts that fit still fire, and are told when the silence is over</span>
        <span className="grow" />
        {mayEdit ? (
          <Button onClick={() => setAdding(true)} size="small">
            <Icon name="plus" size={14} /> Add a silence
          </Button>
        ) : null}
      </header>
      <Listed
        data={data}
        empty={
          <EmptyState title="No silences">
            <p>Before a planned outage, a silence keeps people from being woken for what they know.</p>
          </EmptyState>
        }
        error={error}
        refetch={refetch}
      >
        {(data) => (
          <ScrollingTable cards>
            <thead>
              <tr>
                <th scope="col">Alerts with</th>
                <th scope="col">State</th>
                <th scope="col">From</th>
                <th scope="col">To</th>
                <th scope="col">By</th>
                <th scope="col">Why</th>
                <th scope="col">
                  <span className="visually-hidden">End</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {data.map((silence) => (
                <SilenceRow key={silence.id} mayEdit={mayEdit} silence={silence} />
              ))}
            </tbody>
          </ScrollingTable>
        )}
      </Listed>
      <Modal onClose={() => setAdding(false)} open={adding} title="Add a silence">
        <NewSilence onDone={() => setAdding(false)} />
      </Modal>
    </section>
  );
}

const matcherText = ({ name, value, equal = true }: Silence['matchers'][number]): string =>
  `${name} ${equal ? '=' : '≠'} ${value}`;

function SilenceRow({ silence, mayEdit }: { readonly silence: Silence; readonly mayEdit: boolean }) {
  const queries = useQueryClient();
  const { zone } = useView();
  const expire = useMutation({
    mutationFn: () => client.silences.expire(silence.id),
    onSettled: () => queries.invalidateQueries({ queryKey: [silencesKey] }),
  });
  return (
    <tr>
      <td className="mono">{silence.matchers.map(matcherText).join(', ')}</td>
      <td>
        <span className="status">
          <span className="dot" data-state={tones[silence.state]} /> {silence.state}
        </span>
      </td>
      <td className="quiet" data-label="From">
        {formatTime(silence.starts_at, zone)}
      </td>
      <td className="quiet" data-label="To">
        {formatTime(silence.ends_at, zone)}
      </td>
      <td data-label="By">{silence.created_by}</td>
      <td data-label="Why">{silence.comment}</td>
      <td className="number">
        {expire.error !== null ? (
          <span className="error-text">{describeError(expire.error)}</span>
        ) : mayEdit && silence.state !== 'expired' ? (
          <Button disabled={expire.isPending} onClick={() => expire.mutate()} size="small">
            End now
          </Button>
        ) : null}
      </td>
    </tr>
  );
}
