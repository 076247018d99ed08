import { useQuery } from '@tanstack/react-query';
import { client } from '../../app/session.ts';
import { formatCount, formatShortCount, formatTime, formatValue, type Zone } from '../../lib/format.ts';
import { describeError, ErrorState, Skeleton } from '../../ui/states.tsx';

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

/** The last whole minutes, as many as the ledger is asked for. */
const useLate = () =>
  useQuery({
    queryKey: ['late events'],
    queryFn: async ({ signal }) => {
      const { windows } = await client.analytics.windows({ minutes: 60 }, { signal });
      return windows.reduce((sum, { late_events }) => sum + late_events, 0);
    },
    refetchInterval: 30_000,
    retry: false,
  });

const verdicts = {
  holds: { state: 'good', text: 'Every accepted event is accounted for' },
  unsettled: { state: 'warn', text: 'Some events are still on their way' },
  broken: { state: 'bad', text: 'The account does not hold: run streamflow verify' },
} as const;

interface Stage {
  readonly name: string;
  readonly value: number | undefined;
  readonly note: string;
  /** Why there is no value, when that is known. */
  readonly error?: unknown;
}

const hasRate = (name: string): boolean => name !== 'Queued';
/** Those that somebody should look at when there are any. */
const isTrouble = (name: string): boolean => name === 'Dead' || name === 'Refused';

export function Flow({ zone }: { readonly zone: Zone }) {
  const { data, error, refetch } = useLedger();
  const late = useLate();
  const totals = data?.totals;
  const stages: readonly Stage[] = [
    { name: 'Accepted', value: totals?.accepted, note: 'acknowledged to their senders' },
    {
      name: 'Queued',
      value: data?.queue.batches,
      note: data?.queue.batches === 1 ? 'batch not stored yet' : 'batches not stored yet',
    },
    { name: 'Stored', value: totals?.stored, note: 'in the event store' },
    {
      name: 'Late',
      value: late.data,
      error: late.error ?? undefined,
      note: 'stored, too late for live metrics',
    },
    { name: 'Duplicates', value: totals?.duplicates, note: 'sent again, kept once' },
    { name: 'Refused', value: totals?.refused, note: 'not taken in; their senders were told' },
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
          {stages.map(({ name, value, note, error: failure }) => (
            <li data-bad={isTrouble(name) && (value ?? 0) > 0} key={name}>
              <span className="quiet small">{name}</span>
              <span className="flow-figure" title={value === undefined ? undefined : formatCount(value)}>
                {value !== undefined ? (
                  formatShortCount(value)
                ) : failure !== undefined ? (
                  '–'
                ) : (
                  <Skeleton height={24} width={72} />
                )}
              </span>
              <span className="small">
                {value === undefined || !hasRate(name) ? null : (
                  <b>{formatValue(value / 3600, 'per-second')}/s </b>
                )}
                <span className="quiet">{failure === undefined ? note : describeError(failure)}</span>
              </span>
            </li>
          ))}
        </ol>
      )}
    </section>
  );
}
