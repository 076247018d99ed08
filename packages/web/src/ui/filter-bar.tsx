import { useQuery } from '@tanstack/react-query';
import { useId, useState } from 'react';
import { client } from '../app/session.ts';
import { useView } from '../app/use-view.ts';
import { nameOfNull, rowsOf } from '../lib/aggregation.ts';
import { filterFields, isDataPath, isFilterable, toEventFilter } from '../lib/filter.ts';
import { resolveRange } from '../lib/time-range.ts';
import { Button, IconButton } from './button.tsx';
import { Field } from './field.tsx';
import { Icon } from './icon.tsx';
import './filter-bar.css';

/** The conditions of the address as chips, and a form for another one. */
export function FilterBar() {
  const { conditions, setConditions } = useView();
  const [adding, setAdding] = useState(false);
  return (
    <section aria-label="Filters" className="filter-bar">
      {conditions.map((condition) => (
        <span className="chip" key={`${condition.field}:${condition.value}`}>
          <span title={`${condition.field} = ${condition.value}`}>
            <span className="quiet">{condition.field}</span> {condition.value}
          </span>
          <IconButtonPlain
            label={`Remove the filter ${condition.field} = ${condition.value}`}
            onClick={() => setConditions(conditions.filter((each) => each !== condition))}
          />
        </span>
      ))}
      {adding ? (
        <NewCondition onDone={() => setAdding(false)} />
      ) : (
        <Button onClick={() => setAdding(true)} size="small">
          <Icon name="filter" size={14} /> Add a filter
        </Button>
      )}
      {conditions.length > 1 ? (
        <Button kind="quiet" onClick={() => setConditions([])} size="small">
          Clear all
        </Button>
      ) : null}
    </section>
  );
}

const IconButtonPlain = ({ label, onClick }: { readonly label: string; readonly onClick: () => void }) => (
  <button aria-label={label} onClick={onClick} title={label} type="button">
    <Icon name="close" size={12} />
  </button>
);

function NewCondition({ onDone }: { readonly onDone: () => void }) {
  const { addCondition } = useView();
  const [field, setField] = useState('type');
  const [value, setValue] = useState('');
  const id = useId();
  const known = useValues(field);
  const valid = isFilterable(field) && value !== '';
  return (
    <form
      className="new-condition"
      onKeyDown={(event) => {
        if (event.key === 'Escape') onDone();
      }}
      onSubmit={(event) => {
        event.preventDefault();
        if (!valid) return;
        addCondition({ field, value });
        onDone();
      }}
    >
      <Field label="Field">
        <input
          className="input"
          list={`${id}-fields`}
          onChange={(event) => setField(event.target.value)}
          placeholder="type, source, data.page…"
          spellCheck={false}
          value={field}
        />
      </Field>
      <datalist id={`${id}-fields`}>
        {filterFields.map((name) => (
          <option key={name} value={name} />
        ))}
        <option value="data." />
      </datalist>
      <Field label="is">
        <input
          // biome-ignore lint/a11y/noAutofocus: the form opened because this is to be filled in
          autoFocus
          className="input"
          list={`${id}-values`}
          onChange={(event) => setValue(event.target.value)}
          spellCheck={false}
          value={value}
        />
      </Field>
      <datalist id={`${id}-values`}>
        {known.map((name) => (
          <option key={name} value={name} />
        ))}
      </datalist>
      <Button disabled={!valid} kind="primary" type="submit">
        Filter
      </Button>
      <IconButton icon="close" label="Cancel" onClick={onDone} />
      {field === '' || isFilterable(field) ? null : (
        <p className="error-text small">
          A field is one of {filterFields.join(', ')}, or a property such as data.page.
        </p>
      )}
    </form>
  );
}

/** The most frequent values of a field in the range that is shown. */
function useValues(field: string): readonly string[] {
  const { range, conditions } = useView();
  const groupable = isDataPath(field) ? field : filterFields.find((name) => name === field);
  const { data } = useQuery({
    queryKey: ['values', groupable, range, conditions],
    enabled: groupable !== undefined,
    queryFn: ({ signal }) =>
      client.events.aggregate(
        { ...toEventFilter(conditions, resolveRange(range, Date.now())), group_by: groupable, limit: 50 },
        { signal },
      ),
    retry: false,
    staleTime: 60_000,
  });
  return rowsOf(data?.aggregations ?? {}).flatMap(({ names: [name] }) =>
    name === undefined || name === nameOfNull ? [] : [name],
  );
}
