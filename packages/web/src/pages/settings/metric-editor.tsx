import type { MetricDefinition, MetricType } from '@streamflow/contracts';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { definitionsKey } from '../../app/metric-definitions.ts';
import { client } from '../../app/session.ts';
import { Button } from '../../ui/button.tsx';
import { Field, Select } from '../../ui/field.tsx';
import { describeError } from '../../ui/states.tsx';
import { groupByOf, TagFields, tagDrafts } from './tag-fields.tsx';

const types: readonly { readonly value: MetricType; readonly label: string }[] = [
  { value: 'counter', label: 'Counter: added up' },
  { value: 'gauge', label: 'Gauge: the last one counts' },
  { value: 'histogram', label: 'Histogram: a distribution' },
  { value: 'timer', label: 'Timer: seconds' },
];
const orNull = (text: string): string | null => (text.trim() === '' ? null : text.trim());

interface MetricEditorProps {
  /** Null for one that is to be made. */
  readonly definition: MetricDefinition | null;
  readonly onDone: () => void;
}

export function MetricEditor({ definition, onDone }: MetricEditorProps) {
  const queries = useQueryClient();
  const [draft, setDraft] = useState({
    name: definition?.name ?? '',
    description: definition?.description ?? '',
    unit: definition?.unit ?? '',
    filter: definition?.filter ?? '',
    value: definition?.value ?? '',
  });
  const [type, setType] = useState<MetricType>(definition?.type ?? 'counter');
  const [tags, setTags] = useState(() => tagDrafts(definition?.group_by ?? {}));
  const [enabled, setEnabled] = useState(definition?.enabled ?? true);
  const [deleting, setDeleting] = useState(false);
  const onSuccess = async (): Promise<void> => {
    await queries.invalidateQueries({ queryKey: [definitionsKey] });
    onDone();
  };
  const save = useMutation({
    mutationFn: () => {
      const body = {
        name: draft.name.trim(),
        description: draft.description.trim(),
        type,
        unit: draft.unit.trim(),
        filter: orNull(draft.filter),
        value: orNull(draft.value),
        group_by: groupByOf(tags),
        enabled,
      };
      return definition === null
        ? client.metricDefinitions.create(body)
        : client.metricDefinitions.replace(definition.id, body);
    },
    onSuccess,
  });
  const remove = useMutation({
    mutationFn: (id: string) => client.metricDefinitions.delete(id),
    onSuccess,
  });
  const error = save.error ?? remove.error;
  const text = (label: string, key: keyof typeof draft, className: string, placeholder = '') => (
    <Field label={label}>
      <input
        autoComplete="off"
        className={className}
        onChange={(event) => setDraft({ ...draft, [key]: event.target.value })}
        placeholder={placeholder}
        required={key === 'name'}
        spellCheck={false}
        value={draft[key]}
      />
    </Field>
  );
  return (
    <form
      className="form"
      onSubmit={(event) => {
        event.preventDefault();
        save.mutate();
      }}
    >
      {text('Name', 'name', 'input', 'checkout_value')}
      {text('What it means', 'description', 'input')}
      <Select label="Kind" onChange={setType} options={types} value={type} />
      {text('Unit', 'unit', 'input', 'seconds, EUR')}
      {text(
        'Which events, in CEL; all when empty',
        'filter',
        'input mono',
        'event.type == "custom.checkout"',
      )}
      {text('Their number, in CEL; they are counted when empty', 'value', 'input mono', 'event.data.total')}
      <TagFields onChange={setTags} tags={tags} />
      <label>
        <input checked={enabled} onChange={(event) => setEnabled(event.target.checked)} type="checkbox" />{' '}
        Measure it
      </label>
      {error === null ? null : (
        <p className="error-text" role="alert">
          {describeError(error)}
        </p>
      )}
      <div className="actions">
        {definition === null ? null : deleting ? (
          <Button disabled={remove.isPending} kind="danger" onClick={() => remove.mutate(definition.id)}>
            Delete it for ever
          </Button>
        ) : (
          <Button kind="danger" onClick={() => setDeleting(true)}>
            Delete…
          </Button>
        )}
        <span className="grow" />
        <Button disabled={save.isPending} kind="primary" type="submit">
          {definition === null ? 'Define the metric' : 'Save'}
        </Button>
      </div>
    </form>
  );
}
