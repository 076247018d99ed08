import { useState } from 'react';
import { useView } from '../../app/use-view.ts';
import { formatCount } from '../../lib/format.ts';
import { oneOf } from '../../lib/view.ts';
import { Button } from '../../ui/button.tsx';
import { FilterBar } from '../../ui/filter-bar.tsx';
import { Icon } from '../../ui/icon.tsx';
import { EmptyState, ErrorState, Skeleton } from '../../ui/states.tsx';
import { EventDrawer } from './event-drawer.tsx';
import { EventTable } from './event-table.tsx';
import { ExportMenu } from './export-menu.tsx';
import { Histogram } from './histogram.tsx';
import { useEvents } from './query.ts';
import { useTail } from './tail.ts';
import './events.css';

export default function Events() {
  const { params, range, conditions, change } = useView();
  const live = oneOf(params, 'live') === 'on';
  const [paused, setPaused] = useState(false);
  const stored = useEvents(range, conditions);
  const tail = useTail(live && !paused, conditions);
  const rows = live ? tail.rows : stored.rows;
  const error = live ? null : stored.error;
  const isPending = live ? tail.state === 'connecting' : stored.isPending;
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
      {live ? <TailNotices leftOut={tail.leftOut} lost={tail.state === 'lost' && !paused} /> : null}
      <section aria-label="Events" className="panel">
        {rows.length > 0 ? (
          <EventTable
            onEnd={live || !stored.hasNextPage ? undefined : () => void stored.fetchNextPage()}
            onOpen={open}
            openId={oneOf(params, 'event')}
            rows={rows}
          />
        ) : error !== null ? (
          <ErrorState error={error} retry={() => void stored.refetch()} />
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

function TailNotices({ lost, leftOut }: { readonly lost: boolean; readonly leftOut: number }) {
  return (
    <>
      {lost ? (
        <p className="notice" role="status">
          The connection is lost: what happens now is not shown until it is there again.
        </p>
      ) : null}
      {leftOut > 0 ? (
        <p className="notice">
          Sampled: too many events fit to show each as it comes. {formatCount(leftOut)} more are stored; a
          filter shows all that fit it.
        </p>
      ) : null}
    </>
  );
}
