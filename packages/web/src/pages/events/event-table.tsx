import type { Event } from '@streamflow/contracts';
import { useWindowVirtualizer } from '@tanstack/react-virtual';
import { type KeyboardEvent, useEffect, useLayoutEffect, useRef, useState } from 'react';
import { useView } from '../../app/use-view.ts';
import { coloursOf } from '../../lib/colours.ts';
import { formatTime } from '../../lib/format.ts';
import { summarise } from '../../lib/rows.ts';

const rowHeight = 32;

export interface EventTableProps {
  readonly rows: readonly Event[];
  readonly openId: string | undefined;
  onOpen(id: string): void;
  /** Called when the last row comes near; absent where there is no more. */
  readonly onEnd: (() => void) | undefined;
}

/** A table of any length: only the rows in sight are on the page. Arrow keys move, Enter opens. */
export function EventTable({ rows, openId, onOpen, onEnd }: EventTableProps) {
  const { zone } = useView();
  const list = useRef<HTMLDivElement>(null);
  const [offset, setOffset] = useState(0);
  const [current, setCurrent] = useState(0);
  useLayoutEffect(() => setOffset(list.current?.offsetTop ?? 0), []);
  const virtualizer = useWindowVirtualizer({
    count: rows.length,
    estimateSize: () => rowHeight,
    overscan: 12,
    scrollMargin: offset,
  });
  const items = virtualizer.getVirtualItems();
  const last = items.at(-1)?.index ?? 0;
  useEffect(() => {
    if (last >= rows.length - 20) onEnd?.();
  }, [last, rows.length, onEnd]);
  const colour = coloursOf([...new Set(rows.map(({ type }) => type))].toSorted());

  const onKeyDown = (event: KeyboardEvent): void => {
    const steps: Readonly<Record<string, number>> = { ArrowDown: 1, ArrowUp: -1, PageDown: 20, PageUp: -20 };
    const step = steps[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const next = Math.min(rows.length - 1, Math.max(0, current + step));
    setCurrent(next);
    virtualizer.scrollToIndex(next);
    requestAnimationFrame(() => list.current?.querySelector<HTMLElement>(`[data-row="${next}"]`)?.focus());
  };

  return (
    // biome-ignore lint/a11y/useSemanticElements: rows that are not all on the page need their own layout
    <div aria-label="Events" aria-rowcount={rows.length + 1} className="event-table" role="table">
      {/* biome-ignore lint/a11y/useSemanticElements: see above */}
      <div className="event-row event-head" role="row" tabIndex={-1}>
        {['Time', 'Type', 'Source', 'User', 'Data'].map((name) => (
          // biome-ignore lint/a11y/useSemanticElements: see above
          <span key={name} role="columnheader" tabIndex={-1}>
            {name}
          </span>
        ))}
      </div>
      {/* biome-ignore lint/a11y/useSemanticElements: see above */}
      <div
        onKeyDown={onKeyDown}
        ref={list}
        role="rowgroup"
        style={{ height: virtualizer.getTotalSize(), position: 'relative' }}
      >
        {items.map(({ index, start }) => {
          const event = rows[index];
          if (event === undefined) return null;
          return (
            // biome-ignore lint/a11y/useSemanticElements: see above
            <div
              aria-rowindex={index + 2}
              aria-selected={event.id === openId}
              className="event-row"
              data-row={index}
              key={event.id}
              onClick={() => onOpen(event.id)}
              onFocus={() => setCurrent(index)}
              onKeyDown={(pressed) => {
                if (pressed.key === 'Enter') onOpen(event.id);
              }}
              role="row"
              style={{ transform: `translateY(${start - offset}px)` }}
              tabIndex={index === current ? 0 : -1}
            >
              <Cell text={formatTime(event.timestamp, zone, true)} />
              {/* biome-ignore lint/a11y/useSemanticElements: see above */}
              <span className="event-type" role="cell" title={event.type}>
                <span className="swatch" style={{ background: `var(${colour(event.type)})` }} /> {event.type}
              </span>
              <Cell text={event.source} />
              <Cell text={event.user_id ?? '–'} />
              <Cell mono text={summarise(event.data)} />
            </div>
          );
        })}
      </div>
    </div>
  );
}

const Cell = ({ text, mono = false }: { readonly text: string; readonly mono?: boolean }) => (
  // biome-ignore lint/a11y/useSemanticElements: a cell of a table that is laid out by itself
  <span className={mono ? 'mono quiet' : undefined} role="cell" title={text}>
    {text}
  </span>
);
