import type { MetricDefinition } from '@streamflow/contracts';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { useMetricDefinitions } from '../../app/metric-definitions.ts';
import { useMay } from '../../app/permissions.ts';
import { client } from '../../app/session.ts';
import { formatCount } from '../../lib/format.ts';
import { Button } from '../../ui/button.tsx';
import { Drawer } from '../../ui/dialog.tsx';
import { Icon } from '../../ui/icon.tsx';
import { Listed } from '../../ui/listed.tsx';
import { ScrollingTable } from '../../ui/scrolling-table.tsx';
import { describeError, EmptyState } from '../../ui/states.tsx';
import { MetricEditor } from './metric-editor.tsx';

/** Metrics that are computed from events as somebody defined. */
export function Metrics() {
  const [edited, setEdited] = useState<MetricDefinition | 'new' | null>(null);
  const mayEdit = useMay('metrics:write');
  const { data, error, refetch } = useMetricDefinitions();
  return (
    <section aria-label="Metrics" className="panel">
      <header>
        <h2>Metrics</h2>
        <span className="quiet small">Beside those that are built in</span>
        <span className="grow" />
        {mayEdit ? (
          <Button onClick={() => setEdited('new')} size="small">
            <Icon name="plus" size={14} /> Define a metric
          </Button>
        ) : null}
      </header>
      <Listed
        data={data}
        empty={
          <EmptyState title="No metrics of your own yet">
            <p>A metric counts or measures the events that fit it, live, for charts and for alert rules.</p>
          </EmptyState>
        }
        error={error}
        refetch={refetch}
      >
        {(definitions) => (
          <ScrollingTable cards>
            <thead>
              <tr>
                <th scope="col">Name</th>
                <th scope="col">Kind</th>
                <th scope="col">Events</th>
                <th scope="col">Value</th>
                <th scope="col">Tags</th>
                <th scope="col">
                  <span className="visually-hidden">Backfill</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {definitions.map((definition) => (
                <MetricRow
                  definition={definition}
                  key={definition.id}
                  mayEdit={mayEdit}
                  onEdit={() => setEdited(definition)}
                />
              ))}
            </tbody>
          </ScrollingTable>
        )}
      </Listed>
      <Drawer
        onClose={() => setEdited(null)}
        open={edited !== null}
        title={edited === 'new' ? 'Define a metric' : 'Metric'}
      >
        {edited === null ? null : (
          <MetricEditor definition={edited === 'new' ? null : edited} onDone={() => setEdited(null)} />
        )}
      </Drawer>
    </section>
  );
}

interface MetricRowProps {
  readonly definition: MetricDefinition;
  readonly mayEdit: boolean;
  readonly onEdit: () => void;
}

function MetricRow({ definition, mayEdit, onEdit }: MetricRowProps) {
  const { id, name, type, unit, filter, value, group_by, enabled, managed_by: managedBy } = definition;
  const backfill = useMutation({ mutationFn: () => client.metricDefinitions.backfill(id) });
  return (
    <tr>
      <td>
        {mayEdit && managedBy === null ? (
          <button className="link" onClick={onEdit} type="button">
            {name}
          </button>
        ) : (
          name
        )}{' '}
        {enabled ? null : <span className="quiet">off</span>}
        {managedBy === null ? null : <span className="quiet"> kept in {managedBy}</span>}
      </td>
      <td>
        {type} <span className="quiet">{unit}</span>
      </td>
      <td className="mono" data-label="Events">
        {filter ?? 'all'}
      </td>
      <td className="mono" data-label="Value">
        {value ?? 'how many'}
      </td>
      <td data-label="Tags">{Object.keys(group_by).join(', ') || <span className="quiet">none</span>}</td>
      <td className="number">
        <span aria-live="polite">
          {backfill.error !== null ? (
            <span className="error-text">{describeError(backfill.error)} </span>
          ) : backfill.data === undefined ? null : (
            <span className="quiet">
              {formatCount(backfill.data.measured)} of {formatCount(backfill.data.events)} events measured{' '}
            </span>
          )}
        </span>
        {mayEdit ? (
          <Button disabled={backfill.isPending} onClick={() => backfill.mutate()} size="small">
            {backfill.isPending ? 'Computing…' : 'Compute the last hour'}
          </Button>
        ) : null}
      </td>
    </tr>
  );
}
