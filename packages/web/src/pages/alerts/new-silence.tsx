import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useId, useState } from 'react';
import { client } from '../../app/session.ts';
import { Button, IconButton } from '../../ui/button.tsx';
import { Field, Select } from '../../ui/field.tsx';
import { FormEnd } from '../../ui/form-end.tsx';
import { Icon } from '../../ui/icon.tsx';
import { useRules } from './rule-list.ts';
import { silenceLengths, silencesKey } from './silence-lengths.ts';

interface Matcher {
  readonly key: number;
  readonly name: string;
  readonly value: string;
  readonly equal: 'is' | 'is not';
}

const equalities = [
  { value: 'is', label: 'is' },
  { value: 'is not', label: 'is not' },
] as const;
const labels = ['rule', 'level', 'rule_id', 'type', 'source', 'severity'];
const levels = ['info', 'warning', 'error', 'critical'];
const minuteMs = 60_000;

export function NewSilence({ onDone }: { readonly onDone: () => void }) {
  const queries = useQueryClient();
  const id = useId();
  const rules = useRules();
  const [matchers, setMatchers] = useState<readonly Matcher[]>([
    { key: 0, name: 'rule', value: '', equal: 'is' },
  ]);
  const [minutes, setMinutes] = useState('60');
  const [comment, setComment] = useState('');
  const change = (key: number, next: Partial<Matcher>): void =>
    setMatchers(matchers.map((each) => (each.key === key ? { ...each, ...next } : each)));
  const add = useMutation({
    mutationFn: () =>
      client.silences.create({
        matchers: matchers.map(({ name, value, equal }) => ({ name, value, equal: equal === 'is' })),
        ends_at: new Date(Date.now() + Number(minutes) * minuteMs).toISOString(),
        ...(comment.trim() === '' ? {} : { comment: comment.trim() }),
      }),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: [silencesKey] });
      onDone();
    },
  });
  return (
    <form
      className="form"
      onSubmit={(event) => {
        event.preventDefault();
        add.mutate();
      }}
    >
      {matchers.map(({ key, name, value, equal }) => (
        <div className="matcher" key={key}>
          <Field label="Label">
            <input
              className="input"
              list={`${id}-labels`}
              maxLength={128}
              onChange={(event) => change(key, { name: event.target.value })}
              required
              spellCheck={false}
              value={name}
            />
          </Field>
          <Select
            label="Comparison"
            onChange={(next) => change(key, { equal: next })}
            options={equalities}
            value={equal}
          />
          <Field label="Value">
            <input
              className="input"
              list={name === 'rule' ? `${id}-rules` : name === 'level' ? `${id}-levels` : undefined}
              maxLength={256}
              onChange={(event) => change(key, { value: event.target.value })}
              required
              spellCheck={false}
              value={value}
            />
          </Field>
          {matchers.length > 1 ? (
            <IconButton
              icon="close"
              label="Take this condition away"
              onClick={() => setMatchers(matchers.filter((each) => each.key !== key))}
            />
          ) : null}
        </div>
      ))}
      <datalist id={`${id}-labels`}>
        {labels.map((label) => (
          <option key={label} value={label} />
        ))}
        <option value="tag:" />
      </datalist>
      <datalist id={`${id}-rules`}>
        {rules.data?.map((rule) => (
          <option key={rule.id} value={rule.name} />
        ))}
      </datalist>
      <datalist id={`${id}-levels`}>
        {levels.map((level) => (
          <option key={level} value={level} />
        ))}
      </datalist>
      <div>
        <Button
          onClick={() =>
            setMatchers([
              ...matchers,
              { key: Math.max(...matchers.map(({ key }) => key)) + 1, name: '', value: '', equal: 'is' },
            ])
          }
          size="small"
        >
          <Icon name="plus" size={14} /> And
        </Button>
      </div>
      <Select label="From now, for" onChange={setMinutes} options={silenceLengths} value={minutes} />
      <Field label="Why">
        <input
          className="input"
          maxLength={1000}
          onChange={(event) => setComment(event.target.value)}
          value={comment}
        />
      </Field>
      <FormEnd error={add.error} isPending={add.isPending} onCancel={onDone} submit="Silence" />
    </form>
  );
}
