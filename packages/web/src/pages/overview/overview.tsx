import { useQuery } from '@tanstack/react-query';
import { lazy, Suspense } from 'react';
import { client } from '../../app/session.ts';
import { useView } from '../../app/use-view.ts';
import { ErrorState } from '../../ui/states.tsx';
import { HealthStrip } from './health-strip.tsx';
import { LivePanel } from './live-panel.tsx';
import { OpenAlerts } from './open-alerts.tsx';
import { Tiles } from './tiles.tsx';
import { TopList } from './top-list.tsx';
import { TypesPanel } from './types-panel.tsx';
import './overview.css';

const FirstSteps = lazy(() => import('../start/first-steps.tsx'));

/** Whether there is any event at all; asked until there is. */
const useHasEvents = () =>
  useQuery({
    queryKey: ['any event'],
    queryFn: async ({ signal }) => (await client.events.list({ limit: 1 }, { signal })).data.length > 0,
    staleTime: 60_000,
  });

export function Overview() {
  const { range } = useView();
  const any = useHasEvents();
  if (any.isError) return <ErrorState error={any.error} retry={() => void any.refetch()} />;
  if (any.data === false)
    return (
      <Suspense fallback={null}>
        <FirstSteps />
      </Suspense>
    );
  return (
    <>
      <OpenAlerts />
      <Tiles range={range} />
      <LivePanel />
      <TypesPanel range={range} />
      <div className="top-lists">
        <TopList field="type" range={range} title="Types" />
        <TopList field="source" range={range} title="Sources" />
        <TopList field="data.page" range={range} title="Pages" />
      </div>
      <HealthStrip />
    </>
  );
}
