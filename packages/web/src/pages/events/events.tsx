import { useState } from 'react';
import { useView } from '../../app/use-view.ts';
import { oneOf } from '../../lib/view.ts';
import { Button } from '../../ui/button.tsx';
import { FilterBar } from '../../ui/filter-bar.tsx';
import { Icon } from '../../ui/icon.tsx';
import { EmptyState, ErrorState, Skeleton } from '../../ui/states.tsx';
import { EventDrawer } from './event-drawer.tsx';
import { EventTable } from './event-table.tsx';
import { ExportMenu } from './export-menu.tsx';
import { Histogram } from './histogram.tsx';
import { useEvents, useTail } from './query.ts';
import './events.css';

export default function Events() {
  const { params, range, conditions, change } = useView();
  const live = oneOf(params, 'live') === 'on';
  const [paused, setPaused] = useState(false);
  const stored = useEvents(range, conditions);
  const tail = useTail(live && !paused, conditions);
  const rows = live ? (tail.data ?? []) : stored.rows;
  const { error, isPending, refetch } = live ? tail : stored;
  const open = (id: string | undefined): void => change({ event: id });
  return (
    <>
      <div className="events-tools">
        <FilterBar />
        <span className="grow" />
        <Button
          aria-pressed={live}
          onClick={() => {
            setPaused(false);
            change({ live: live ? undefined : 'on' });
          }}
          size="small"
        >
          <Icon name="play" size={14} /> Live
        </Button>
        {live ? (
          <Button aria-pressed={paused} onClick={() => setPaused(!paused)} size="small">
            <Icon name="pause" size={14} /> {paused ? 'Paused' : 'Pause'}
          </Button>
        ) : null}
        <ExportMenu />
      </div>
      <Histogram />
      <section aria-label="Events" className="panel">
        {rows.length > 0 ? (
          <EventTable
            onEnd={live || !stored.hasNextPage ? undefined : () => void stored.fetchNextPage()}
            onOpen={open}
            openId={oneOf(params, 'event')}
            rows={rows}
          />
        ) : error !== null ? (
          <ErrorState error={error} retry={() => void refetch()} />
        ) : isPending ? (
          <div className="state">
            <Skeleton height={320} />
          </div>
        ) : (
          <EmptyState title="No events fit">
            <p>
              {conditions.length > 0
                ? 'Take a filter away, or look at a longer time.'
                : 'Nothing came in during this time. A longer one may have some.'}
            </p>
          </EmptyState>
        )}
      </section>
      <EventDrawer id={oneOf(params, 'event')} onClose={() => open(undefined)} onOpen={open} rows={rows} />
    </>
  );
}
