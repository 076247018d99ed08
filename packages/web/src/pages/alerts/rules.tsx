import type { AlertRule } from '@streamflow/contracts';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useOpenByRule } from '../../app/open-alerts.ts';
import { useMay } from '../../app/permissions.ts';
import { client } from '../../app/session.ts';
import { formatCount } from '../../lib/format.ts';
import { Button } from '../../ui/button.tsx';
import { Drawer } from '../../ui/dialog.tsx';
import { Icon } from '../../ui/icon.tsx';
import { Level } from '../../ui/level.tsx';
import { Listed } from '../../ui/listed.tsx';
import { ScrollingTable } from '../../ui/scrolling-table.tsx';
import { describeError, EmptyState } from '../../ui/states.tsx';
import { RuleEditor } from './rule-editor.tsx';
import { rulesKey, useRules } from './rule-list.ts';

/** When to alert, and whom. */
export function Rules() {
  const [edited, setEdited] = useState<AlertRule | 'new' | null>(null);
  const mayEdit = useMay('alerts:write');
  const { data, error, refetch } = useRules();
  const open = useOpenByRule();
  return (
    <section aria-label="Rules" className="panel">
      <header>
        <h2>Rules</h2>
        <span className="grow" />
        {mayEdit ? (
          <Button onClick={() => setEdited('new')} size="small">
            <Icon name="plus" size={14} /> Make a rule
          </Button>
        ) : null}
      </header>
      <Listed
        data={data}
        empty={
          <EmptyState title="No rules yet">
            <p>A rule looks at a metric every second, and says so when it is bad: error_rate &gt; 0.05.</p>
          </EmptyState>
        }
        error={error}
        refetch={refetch}
      >
        {(data) => (
          <ScrollingTable cards>
            <thead>
              <tr>
                <th scope="col">State</th>
                <th scope="col">Rule</th>
                <th scope="col">Level</th>
                <th scope="col">Condition</th>
                <th scope="col">Tells</th>
                <th scope="col">
                  <span className="visually-hidden">Change</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {data.map((rule) => (
                <RuleRow
                  firing={open.data?.get(rule.id) ?? 0}
                  key={rule.id}
                  mayEdit={mayEdit}
                  onEdit={() => setEdited(rule)}
                  rule={rule}
                />
              ))}
            </tbody>
          </ScrollingTable>
        )}
      </Listed>
      <Drawer
        onClose={() => setEdited(null)}
        open={edited !== null}
        title={edited === 'new' ? 'Make a rule' : 'Rule'}
      >
        {edited === null ? null : (
          <RuleEditor onDone={() => setEdited(null)} rule={edited === 'new' ? null : edited} />
        )}
      </Drawer>
    </section>
  );
}

interface RuleRowProps {
  readonly rule: AlertRule;
  /** Alerts of it that are open. */
  readonly firing: number;
  readonly mayEdit: boolean;
  readonly onEdit: () => void;
}

function RuleRow({ rule, firing, mayEdit, onEdit }: RuleRowProps) {
  const queries = useQueryClient();
  const toggle = useMutation({
    mutationFn: () => client.rules.update(rule.id, { enabled: !rule.enabled }),
    onSettled: () => queries.invalidateQueries({ queryKey: [rulesKey] }),
  });
  return (
    <tr>
      <td>
        <span className="status">
          <span className="dot" data-state={firing > 0 ? 'bad' : rule.enabled ? 'good' : undefined} />
          {firing > 1
            ? `fires ${formatCount(firing)} times`
            : firing > 0
              ? 'fires'
              : rule.enabled
                ? 'well'
                : 'off'}
        </span>
      </td>
      <td>
        {mayEdit && rule.managed_by === null ? (
          <button className="link" onClick={onEdit} type="button">
            {rule.name}
          </button>
        ) : (
          rule.name
        )}
        {rule.managed_by === null ? null : <span className="quiet"> kept in {rule.managed_by}</span>}
      </td>
      <td>
        <Level level={rule.level} />
      </td>
      <td className="mono rule-condition" title={rule.condition}>
        {rule.condition}
      </td>
      <td className="quiet" data-label="Tells">
        {rule.channels.length === 0 ? 'nobody' : rule.channels.join(', ')}
      </td>
      <td className="number">
        {toggle.error !== null ? <span className="error-text">{describeError(toggle.error)}</span> : null}
        {mayEdit && rule.managed_by === null ? (
          <Button disabled={toggle.isPending} onClick={() => toggle.mutate()} size="small">
            {rule.enabled ? 'Disable' : 'Enable'}
          </Button>
        ) : null}
      </td>
    </tr>
  );
}
