import { useQuery } from '@tanstack/react-query';
import { useId, useState } from 'react';
import { client } from '../../app/session.ts';
import { useView } from '../../app/use-view.ts';
import { isDataPath, pathSegment, toEventFilter } from '../../lib/filter.ts';
import { resolveRange } from '../../lib/time-range.ts';
import { Field, Select } from '../../ui/field.tsx';
import { Segments } from '../../ui/segments.tsx';
import { charts, groupFields, metrics, needsField, type Question, toGroupBy } from './question.ts';

const compareOptions = [
  { value: 'none', label: 'Nothing' },
  { value: 'before', label: 'Period before' },
] as const;
const zoneOptions = [
  { value: 'local', label: 'Local' },
  { value: 'utc', label: 'UTC' },
] as const;

/** What is asked; every change is in the address at once. */
export function QuestionForm({ question }: { readonly question: Question }) {
  const { change, zone } = useView();
  const id = useId();
  const { all, numeric } = useProperties();
  const setBy = (at: number, text: string): void => {
    const by: readonly string[] =
      at === 0 ? [text, ...question.by.slice(1)] : [...question.by.slice(0, 1), text];
    change({ by: by.filter((name) => name !== '') });
  };
  return (
    <form className="panel question" onSubmit={(event) => event.preventDefault()}>
      <Select
        label="Measure"
        onChange={(metric) => change({ metric })}
        options={metrics}
        value={question.metric}
      />
      {needsField(question.metric) ? (
        <Field label="Property">
          <Committed
            accept={(text) => isDataPath(text)}
            list={`${id}-numeric`}
            onCommit={(field) => change({ field })}
            placeholder="data.response_time"
            value={question.field ?? ''}
          />
        </Field>
      ) : null}
      {[0, 1].map((at) => (
        <Field key={at} label={at === 0 ? 'Broken down by' : 'and by'}>
          <Committed
            accept={(text) => text === '' || toGroupBy(text) !== undefined}
            disabled={at > question.by.length}
            list={`${id}-fields`}
            onCommit={(text) => setBy(at, text)}
            placeholder="Nothing"
            value={question.by[at] ?? ''}
          />
        </Field>
      ))}
      <Select
        label="Compared with"
        onChange={(compare) => change({ compare: compare === 'none' ? undefined : compare })}
        options={compareOptions}
        value={question.compare ? 'before' : 'none'}
      />
      <Select
        label="Times in"
        onChange={(next) => change({ zone: next === 'utc' ? next : undefined })}
        options={zoneOptions}
        value={zone}
      />
      <div className="question-chart">
        <Segments
          label="Shown as"
          onChange={(chart) => change({ chart })}
          options={charts}
          value={question.chart}
        />
      </div>
      <datalist id={`${id}-fields`}>
        {[...groupFields, ...all].map((name) => (
          <option key={name} value={name} />
        ))}
      </datalist>
      <datalist id={`${id}-numeric`}>
        {numeric.map((name) => (
          <option key={name} value={name} />
        ))}
      </datalist>
    </form>
  );
}

/** A field that counts once it is left, or Enter is pressed, or a suggestion is taken. */
function Committed({
  value,
  accept,
  onCommit,
  ...rest
}: {
  readonly value: string;
  readonly list: string;
  readonly placeholder: string;
  readonly disabled?: boolean;
  readonly accept: (text: string) => boolean;
  readonly onCommit: (text: string) => void;
}) {
  const [draft, setDraft] = useState<string | null>(null);
  const text = draft ?? value;
  const valid = accept(text.trim());
  const commit = (): void => {
    if (valid && text.trim() !== value) onCommit(text.trim());
    if (valid) setDraft(null);
  };
  return (
    <input
      {...rest}
      aria-invalid={!valid}
      className="input"
      onBlur={commit}
      onChange={(event) => {
        setDraft(event.target.value);
        // A suggestion comes in one piece.
        if (!('inputType' in event.nativeEvent) && accept(event.target.value)) {
          onCommit(event.target.value);
          setDraft(null);
        }
      }}
      onKeyDown={(event) => {
        if (event.key === 'Enter') commit();
      }}
      spellCheck={false}
      title={valid ? undefined : 'A field, or a property such as data.page'}
      value={text}
    />
  );
}

/** Properties that recent events of this view have, for completion. */
function useProperties(): { readonly all: readonly string[]; readonly numeric: readonly string[] } {
  const { range, conditions } = useView();
  const { data } = useQuery({
    queryKey: ['properties', range, conditions],
    queryFn: ({ signal }) =>
      client.events.list(
        { ...toEventFilter(conditions, resolveRange(range, Date.now())), limit: 200 },
        { signal },
      ),
    staleTime: 60_000,
    retry: false,
  });
  const all = new Set<string>();
  const numeric = new Set<string>();
  for (const event of data?.data ?? [])
    for (const [name, value] of Object.entries(event.data)) {
      const path = `data.${pathSegment(name)}`;
      if (typeof value !== 'object') all.add(path);
      if (typeof value === 'number') numeric.add(path);
    }
  return { all: [...all].toSorted(), numeric: [...numeric].toSorted() };
}
