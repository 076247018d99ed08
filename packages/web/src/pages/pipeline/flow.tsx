import { useQuery } from '@tanstack/react-query';
import { client } from '../../app/session.ts';
import { formatCount, formatShortCount, formatTime, type Zone } from '../../lib/format.ts';
import { ErrorState, Skeleton } from '../../ui/states.tsx';

const hour = 3_600_000;
const minute = 60_000;

/** The last hour of the ledger, whole minutes; each event that was accepted is found again as one of these. */
const useLedger = () =>
  useQuery({
    queryKey: ['ledger'],
    queryFn: ({ signal }) => {
      const to = Math.floor(Date.now() / minute) * minute;
      return client.system.ledger(
        { from: new Date(to - hour).toISOString(), to: new Date(to).toISOString() },
        { signal },
      );
    },
    refetchInterval: 30_000,
    retry: false,
  });

const verdicts = {
  holds: { state: 'good', text: 'Every accepted event is accounted for' },
  unsettled: { state: 'warn', text: 'Some events are still on their way' },
  broken: { state: 'bad', text: 'The account does not hold: run streamflow verify' },
} as const;

export function Flow({ zone }: { readonly zone: Zone }) {
  const { data, error, refetch } = useLedger();
  const totals = data?.totals;
  const stages = [
    { name: 'Accepted', value: totals?.accepted, note: 'acknowledged to their senders' },
    {
      name: 'Queued',
      value: data?.queue.batches,
      note: data?.queue.batches === 1 ? 'batch not stored yet' : 'batches not stored yet',
    },
    { name: 'Stored', value: totals?.stored, note: 'in the event store' },
    { name: 'Duplicates', value: totals?.duplicates, note: 'sent again, kept once' },
    { name: 'Dead', value: totals?.dead, note: 'could not be stored' },
  ];
  const verdict = data === undefined ? undefined : verdicts[data.verdict];
  return (
    <section aria-label="Flow of events" className="panel">
      <header>
        <h2>Flow</h2>
        <span className="quiet small">
          {data === undefined ? 'Last hour' : `The hour to ${formatTime(data.to, zone)}, by time of receipt`}
        </span>
        <span className="grow" />
        {verdict === undefined ? null : (
          <span className="status small">
            <span className="dot" data-state={verdict.state} /> {verdict.text}
          </span>
        )}
      </header>
      {error !== null ? (
        <ErrorState error={error} retry={() => void refetch()} />
      ) : (
        <ol className="flow">
          {stages.map(({ name, value, note }) => (
            <li data-bad={name === 'Dead' && (value ?? 0) > 0} key={name}>
              <span className="quiet small">{name}</span>
              <span className="flow-figure" title={value === undefined ? undefined : formatCount(value)}>
                {value === undefined ? <Skeleton height={24} width={72} /> : formatShortCount(value)}
              </span>
              <span className="small">
                {value === undefined || name === 'Queued' ? null : (
                  <b>{(value / 3600).toFixed(value < 36_000 ? 2 : 0)}/s </b>
                )}
                <span className="quiet">{note}</span>
              </span>
            </li>
          ))}
        </ol>
      )}
    </section>
  );
}
