import type { Event } from '@streamflow/contracts';
import { useView } from '../../app/use-view.ts';
import { isFilterable, pathSegment } from '../../lib/filter.ts';
import { formatTime } from '../../lib/format.ts';
import { conditionValue } from '../../lib/rows.ts';
import { IconButton } from '../../ui/button.tsx';
import { CopyButton } from '../../ui/copy-button.tsx';
import { Drawer } from '../../ui/dialog.tsx';
import { ErrorState, Skeleton } from '../../ui/states.tsx';
import { useEvent, useNeighbours } from './query.ts';

export interface EventDrawerProps {
  readonly id: string | undefined;
  /** What the table has already, so that nothing is asked for twice. */
  readonly rows: readonly Event[];
  onOpen(id: string): void;
  onClose(): void;
}

export function EventDrawer({ id, rows, onOpen, onClose }: EventDrawerProps) {
  const known = rows.find((row) => row.id === id);
  const { data, error } = useEvent(known === undefined ? id : undefined);
  const event = known ?? data;
  return (
    <Drawer
      actions={
        event === undefined ? null : <CopyButton label="Copy JSON" text={JSON.stringify(event, null, 2)} />
      }
      onClose={onClose}
      open={id !== undefined}
      title={event?.type ?? 'Event'}
    >
      {event !== undefined ? (
        <Detail event={event} onOpen={onOpen} />
      ) : error !== null ? (
        <ErrorState error={error} />
      ) : (
        <Skeleton height={240} />
      )}
    </Drawer>
  );
}

const fields = [
  'id',
  'type',
  'source',
  'timestamp',
  'received_at',
  'severity',
  'user_id',
  'session_id',
  'correlation_id',
] as const;

function Detail({ event, onOpen }: { readonly event: Event; readonly onOpen: (id: string) => void }) {
  return (
    <div className="detail">
      <dl className="properties">
        {fields.map((name) => (
          <Property field={name} key={name} name={name} value={event[name]} />
        ))}
        {event.tags.map((tag) => (
          <Property field="tag" key={tag} name="tag" value={tag} />
        ))}
      </dl>
      <h3>data</h3>
      <Properties path="data" value={event.data} />
      {Object.keys(event.metadata).length > 0 ? (
        <>
          <h3>metadata</h3>
          <pre className="code">{JSON.stringify(event.metadata, null, 2)}</pre>
        </>
      ) : null}
      {event.session_id === null ? null : <Neighbours event={event} onOpen={onOpen} />}
    </div>
  );
}

/** The properties of `data`, each with the filter that finds its like; what is nested stays JSON. */
function Properties({ path, value }: { readonly path: string; readonly value: Event['data'] }) {
  const entries = Object.entries(value);
  if (entries.length === 0) return <p className="quiet">Empty</p>;
  return (
    <dl className="properties">
      {entries.map(([name, each]) => (
        <Property field={`${path}.${pathSegment(name)}`} key={name} name={name} value={each} />
      ))}
    </dl>
  );
}

function Property({
  name,
  field,
  value,
}: {
  readonly name: string;
  readonly field: string;
  readonly value: unknown;
}) {
  const { addCondition } = useView();
  const text = conditionValue(value);
  const shown = text ?? JSON.stringify(value, null, 2);
  return (
    <div className="property">
      <dt>{name}</dt>
      <dd className="mono" data-null={value === null || undefined}>
        {shown}
      </dd>
      <dd>
        {text !== null && value !== null && isFilterable(field) ? (
          <IconButton
            icon="filter"
            label={`Only events with ${name} = ${text}`}
            onClick={() => addCondition({ field, value: text })}
            size="small"
          />
        ) : null}
      </dd>
    </div>
  );
}

function Neighbours({ event, onOpen }: { readonly event: Event; readonly onOpen: (id: string) => void }) {
  const { zone } = useView();
  const { data, error } = useNeighbours(event);
  return (
    <>
      <h3>In the same session</h3>
      {error !== null ? (
        <ErrorState error={error} />
      ) : (
        <ol className="neighbours">
          {data?.map((each) => (
            <li key={each.id}>
              <button aria-current={each.id === event.id} onClick={() => onOpen(each.id)} type="button">
                <span className="quiet">{formatTime(each.timestamp, zone)}</span> {each.type}
              </button>
            </li>
          ))}
        </ol>
      )}
    </>
  );
}
