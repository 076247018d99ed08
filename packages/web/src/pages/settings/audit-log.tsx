import type { AuditEntry } from '@streamflow/contracts';
import { useInfiniteQuery } from '@tanstack/react-query';
import { client } from '../../app/session.ts';
import { useView } from '../../app/use-view.ts';
import { formatTime } from '../../lib/format.ts';
import { Button } from '../../ui/button.tsx';
import { Listed } from '../../ui/listed.tsx';
import { ScrollingTable } from '../../ui/scrolling-table.tsx';
import { EmptyState } from '../../ui/states.tsx';

const pageSize = 100;

/** Who changed what, or tried to. */
export function AuditLog() {
  const { data, error, refetch, hasNextPage, isFetchingNextPage, fetchNextPage } = useInfiniteQuery({
    queryKey: ['audit'],
    queryFn: ({ pageParam, signal }) => client.system.audit({ page: pageParam, limit: pageSize }, { signal }),
    initialPageParam: 1,
    getNextPageParam: (last, _pages, page) => (last.data.length < pageSize ? undefined : page + 1),
  });
  // An entry that comes in between moves the others to the next page; each is shown once all the same.
  const entries =
    data === undefined
      ? undefined
      : [...new Map(data.pages.flatMap((page) => page.data).map((entry) => [entry.id, entry])).values()];
  return (
    <section aria-label="Audit log" className="panel">
      <header>
        <h2>Audit log</h2>
        <span className="quiet small">Changes and sign-ins, newest first; values are not kept</span>
      </header>
      <Listed
        data={entries}
        empty={<EmptyState title="Nothing has been changed yet" />}
        error={error}
        refetch={refetch}
      >
        {(shown) => (
          <ScrollingTable cards>
            <thead>
              <tr>
                <th scope="col">When</th>
                <th scope="col">Who</th>
                <th scope="col">What</th>
                <th scope="col">Fields</th>
                <th scope="col">Outcome</th>
                <th scope="col">From</th>
              </tr>
            </thead>
            <tbody>
              {shown.map((entry) => (
                <Entry entry={entry} key={entry.id} />
              ))}
            </tbody>
          </ScrollingTable>
        )}
      </Listed>
      {hasNextPage ? (
        <div className="state">
          <Button disabled={isFetchingNextPage} onClick={() => void fetchNextPage()}>
            {isFetchingNextPage ? 'Reading…' : 'Older entries'}
          </Button>
        </div>
      ) : null}
    </section>
  );
}

function Entry({ entry }: { readonly entry: AuditEntry }) {
  const { zone } = useView();
  const { status, actor, target, fields } = entry;
  return (
    <tr>
      <td className="quiet">{formatTime(entry.timestamp, zone)}</td>
      <td>
        {actor.name === '' ? 'nobody known' : actor.name}{' '}
        {actor.kind === 'user' ? null : <span className="quiet">{actor.kind}</span>}
      </td>
      <td title={target === null ? undefined : `On ${target}`}>{entry.action}</td>
      <td className="quiet" data-label="Fields">
        {fields.length === 0 ? '–' : fields.join(', ')}
      </td>
      <td>
        <span className="status">
          <span className="dot" data-state={status === null ? 'warn' : status < 400 ? 'good' : 'bad'} />
          {status === null ? 'not known' : status < 400 ? 'done' : `refused (${status})`}
        </span>
      </td>
      <td className="quiet" data-label="From">
        {entry.address}
      </td>
    </tr>
  );
}
