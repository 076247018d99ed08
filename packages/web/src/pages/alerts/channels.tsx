import type { Channel } from '@streamflow/contracts';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useMay } from '../../app/permissions.ts';
import { client } from '../../app/session.ts';
import { formatValue } from '../../lib/format.ts';
import { Button } from '../../ui/button.tsx';
import { Modal } from '../../ui/dialog.tsx';
import { Icon } from '../../ui/icon.tsx';
import { Listed } from '../../ui/listed.tsx';
import { ScrollingTable } from '../../ui/scrolling-table.tsx';
import { describeError, EmptyState } from '../../ui/states.tsx';
import { channelsKey, useChannels } from './channel-list.ts';
import { NewChannel } from './new-channel.tsx';

/** Where alerts go. */
export function Channels() {
  const [adding, setAdding] = useState(false);
  const mayEdit = useMay('alerts:write');
  const { data, error, refetch } = useChannels();
  return (
    <section aria-label="Channels" className="panel">
      <header>
        <h2>Channels</h2>
        <span className="grow" />
        {mayEdit ? (
          <Button onClick={() => setAdding(true)} size="small">
            <Icon name="plus" size={14} /> Add a channel
          </Button>
        ) : null}
      </header>
      <Listed
        data={data}
        empty={
          <EmptyState title="No channels yet">
            <p>
              Alerts are on this page. A channel takes them to where people are: a chat, a mailbox, a pager.
            </p>
          </EmptyState>
        }
        error={error}
        refetch={refetch}
      >
        {(data) => (
          <ScrollingTable cards>
            <thead>
              <tr>
                <th scope="col">Name</th>
                <th scope="col">Goes to</th>
                <th scope="col">State</th>
                <th scope="col">
                  <span className="visually-hidden">Test and remove</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {data.map((channel) => (
                <ChannelRow channel={channel} key={channel.id} mayEdit={mayEdit} />
              ))}
            </tbody>
          </ScrollingTable>
        )}
      </Listed>
      <Modal onClose={() => setAdding(false)} open={adding} title="Add a channel">
        <NewChannel onDone={() => setAdding(false)} />
      </Modal>
    </section>
  );
}

/** Configurations are told without what is secret of them. */
const configText = (config: Channel['config']): string =>
  Object.values(config)
    .flatMap((value) => (Array.isArray(value) ? value : [value]))
    .filter((value) => typeof value === 'string')
    .join(', ');

function ChannelRow({ channel, mayEdit }: { readonly channel: Channel; readonly mayEdit: boolean }) {
  const queries = useQueryClient();
  const [asking, setAsking] = useState(false);
  const refresh = () => queries.invalidateQueries({ queryKey: [channelsKey] });
  const test = useMutation({ mutationFn: () => client.channels.test(channel.id) });
  const toggle = useMutation({
    mutationFn: () => client.channels.update(channel.id, { enabled: !channel.enabled }),
    onSettled: refresh,
  });
  const remove = useMutation({ mutationFn: () => client.channels.delete(channel.id), onSettled: refresh });
  const problem = test.error ?? toggle.error ?? remove.error;
  return (
    <tr>
      <td>
        {channel.name} <span className="quiet">{channel.type}</span>
      </td>
      <td className="quiet" data-label="Goes to">
        {configText(channel.config)}
      </td>
      <td aria-live="polite">
        {problem !== null ? (
          <span className="error-text">{describeError(problem)}</span>
        ) : test.isPending ? (
          <span className="quiet">Sending…</span>
        ) : test.data === undefined ? (
          <span className="quiet">{channel.enabled ? 'on' : 'off: nothing is sent to it'}</span>
        ) : test.data.delivered ? (
          <span className="status">
            <span className="dot" data-state="good" /> Delivered in{' '}
            {formatValue(test.data.duration_ms / 1000, 'seconds')}
          </span>
        ) : (
          <span className="error-text channel-error">
            Not delivered: {test.data.error ?? 'no reason given'}
          </span>
        )}
      </td>
      <td className="number">
        {mayEdit ? (
          <span className="row-actions">
            <Button disabled={test.isPending} onClick={() => test.mutate()} size="small">
              Test
            </Button>
            <Button disabled={toggle.isPending} onClick={() => toggle.mutate()} size="small">
              {channel.enabled ? 'Turn off' : 'Turn on'}
            </Button>
            {asking ? (
              <Button
                disabled={remove.isPending}
                kind="danger"
                onBlur={() => setAsking(false)}
                onClick={() => remove.mutate()}
                size="small"
              >
                Remove it and what waits for it
              </Button>
            ) : (
              <Button kind="danger" onClick={() => setAsking(true)} size="small">
                Remove…
              </Button>
            )}
          </span>
        ) : null}
      </td>
    </tr>
  );
}
