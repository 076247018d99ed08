import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { client } from '../../app/session.ts';
import { formatCount, formatTime, type Zone } from '../../lib/format.ts';
import { Button } from '../../ui/button.tsx';
import { CopyButton } from '../../ui/copy-button.tsx';
import { Drawer } from '../../ui/dialog.tsx';
import { Icon } from '../../ui/icon.tsx';
import { ScrollingTable } from '../../ui/scrolling-table.tsx';
import { describeError, EmptyState, ErrorState, Skeleton } from '../../ui/states.tsx';

const queryKey = ['dead letters'];

/** What could not be processed: why, what it holds, and another try. */
export function DeadLetters({ zone }: { readonly zone: Zone }) {
  const [open, setOpen] = useState<string | null>(null);
  const { data, error, refetch } = useQuery({
    queryKey,
    queryFn: () => client.deadLetters.list({ limit: 100 }),
    refetchInterval: 30_000,
    retry: false,
  });
  return (
    <section aria-label="Dead letters" className="panel">
      <header>
        <h2>Dead letters</h2>
        {data === undefined ? null : (
          <span className="quiet small">{formatCount(data.pagination.total)}</span>
        )}
      </header>
      {data === undefined ? (
        error === null ? (
          <div className="state">
            <Skeleton height={48} />
          </div>
        ) : (
          <ErrorState error={error} retry={() => void refetch()} />
        )
      ) : data.data.length === 0 ? (
        <EmptyState title="None">
          <p>
            Whatever came in could be processed. What cannot is kept here until it is replayed or dropped.
          </p>
        </EmptyState>
      ) : (
        <ScrollingTable cards>
          <thead>
            <tr>
              <th scope="col">Since</th>
              <th scope="col">Queue</th>
              <th scope="col">Type</th>
              <th className="number" scope="col">
                Events
              </th>
              <th scope="col">Reason</th>
              <th scope="col">
                <span className="visually-hidden">Content</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {data.data.map((letter) => (
              <tr key={letter.id}>
                <td>{formatTime(letter.dead_at, zone)}</td>
                <td data-label="Queue">{letter.queue}</td>
                <td data-label="Type">{letter.type ?? 'unknown'}</td>
                <td className="number" data-label="Events">
                  {letter.events === null ? '–' : formatCount(letter.events)}
                </td>
                <td>{letter.reason}</td>
                <td>
                  <Button onClick={() => setOpen(letter.id)} size="small">
                    Look
                  </Button>
                </td>
              </tr>
            ))}
          </tbody>
        </ScrollingTable>
      )}
      <Drawer onClose={() => setOpen(null)} open={open !== null} title="Dead letter">
        {open === null ? null : <Letter id={open} onGone={() => setOpen(null)} />}
      </Drawer>
    </section>
  );
}

function Letter({ id, onGone }: { readonly id: string; readonly onGone: () => void }) {
  const queries = useQueryClient();
  const [dropping, setDropping] = useState(false);
  const { data, error } = useQuery({
    queryKey: ['dead letter', id],
    queryFn: () => client.deadLetters.get(id),
  });
  const act = useMutation({
    mutationFn: (what: 'replay' | 'drop') => client.deadLetters[what](id),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey });
      onGone();
    },
  });
  if (error !== null) return <ErrorState error={error} />;
  if (data === undefined) return <Skeleton height={240} />;
  const payload = data.lines.map(pretty).join('\n');
  return (
    <div className="form">
      <p>{data.reason}</p>
      <div className="letter-actions">
        <Button disabled={act.isPending} kind="primary" onClick={() => act.mutate('replay')}>
          <Icon name="replay" /> Replay
        </Button>
        {dropping ? (
          <Button disabled={act.isPending} kind="danger" onClick={() => act.mutate('drop')}>
            Lose {data.events === null ? 'its events' : `${formatCount(data.events)} events`} for ever
          </Button>
        ) : (
          <Button kind="danger" onClick={() => setDropping(true)}>
            Drop…
          </Button>
        )}
        <CopyButton label="Copy payload" text={data.lines.join('\n')} />
      </div>
      {act.error === null ? null : (
        <p className="error-text" role="alert">
          {describeError(act.error)}
        </p>
      )}
      <h3>Payload</h3>
      <pre className="code">{payload}</pre>
      <h3>Headers</h3>
      <pre className="code">{JSON.stringify(data.headers, null, 2)}</pre>
    </div>
  );
}

/** A line as JSON over several lines; as it is when it is none, which may be the very reason. */
function pretty(line: string): string {
  try {
    return JSON.stringify(JSON.parse(line), null, 2);
  } catch {
    return line;
  }
}
