import type { AlertLevel, AlertRule } from '@streamflow/contracts';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type ComponentProps, useState } from 'react';
import { alertsKey } from '../../app/open-alerts.ts';
import { client } from '../../app/session.ts';
import { Button } from '../../ui/button.tsx';
import { Field, Select } from '../../ui/field.tsx';
import { describeError } from '../../ui/states.tsx';
import { useChannels } from './channel-list.ts';
import { ConditionChart } from './condition-chart.tsx';
import { ConditionInput } from './condition-input.tsx';
import { draftOf, newDraft, type RuleDraft, ruleInput } from './rule-draft.ts';
import { rulesKey } from './rule-list.ts';
import { type RuleProblem, ruleProblem } from './rule-problem.ts';
import { RuleTrial } from './rule-trial.tsx';

const dayMs = 86_400_000;
const levels: readonly { readonly value: AlertLevel; readonly label: string }[] = [
  { value: 'info', label: 'Info' },
  { value: 'warning', label: 'Warning' },
  { value: 'error', label: 'Error' },
  { value: 'critical', label: 'Critical' },
];
/** Fields of a rule that the editor shows; what is wrong with another is said below them all. */
const fields = [
  'name',
  'description',
  'condition',
  'threshold',
  'window',
  'for',
  'keep_firing_for',
  'channels',
  'suppression_minutes',
  'escalation_minutes',
  'escalation_channels',
  'group_by',
  'resolve_condition',
  'tags',
];
const withoutData: readonly { readonly value: AlertRule['on_no_data']; readonly label: string }[] = [
  { value: 'ok', label: 'It does not hold' },
  { value: 'alert', label: 'It holds' },
  { value: 'keep', label: 'It is as it was' },
];

interface RuleEditorProps {
  /** Null for one that is to be made. */
  readonly rule: AlertRule | null;
  readonly onDone: () => void;
}

export function RuleEditor({ rule, onDone }: RuleEditorProps) {
  const queries = useQueryClient();
  const [draft, setDraft] = useState<RuleDraft>(rule === null ? newDraft : draftOf(rule));
  const [deleting, setDeleting] = useState(false);
  const refresh = async (): Promise<void> => {
    await queries.invalidateQueries({ queryKey: [rulesKey] });
    await queries.invalidateQueries({ queryKey: [alertsKey] });
  };
  const save = useMutation({
    mutationFn: () =>
      rule === null ? client.rules.create(ruleInput(draft)) : client.rules.update(rule.id, ruleInput(draft)),
    onSuccess: async () => {
      await refresh();
      onDone();
    },
  });
  const attempt = useMutation({
    mutationFn: () => {
      const to = Date.now();
      return client.rules.preview({
        // A rule that has no name yet can be tried all the same.
        rule: { ...ruleInput(draft), name: draft.name.trim() === '' ? 'trial' : draft.name.trim() },
        from: new Date(to - dayMs).toISOString(),
        to: new Date(to).toISOString(),
      });
    },
  });
  const remove = useMutation({
    mutationFn: async (id: string) => client.rules.delete(id),
    onSuccess: async () => {
      await refresh();
      onDone();
    },
  });
  const change = (next: Partial<RuleDraft>): void => {
    setDraft({ ...draft, ...next });
    // What was said was said of another rule.
    save.reset();
    attempt.reset();
  };

  const error = save.error ?? attempt.error ?? remove.error;
  const problem = ruleProblem(error);
  const atField = problem !== null && problem.field !== null && fields.includes(problem.field);
  const problemOf = (field: string): RuleProblem | null => (problem?.field === field ? problem : null);
  const text = (
    label: string,
    field: string,
    key:
      | 'name'
      | 'description'
      | 'threshold'
      | 'window'
      | 'for'
      | 'keepFiringFor'
      | 'suppressionMinutes'
      | 'escalationMinutes'
      | 'groupBy'
      | 'resolveCondition'
      | 'tags',
    input: ComponentProps<'input'> = {},
  ) => (
    <TextField
      label={label}
      problem={problemOf(field)}
      {...input}
      onChange={(event) => change({ [key]: event.target.value })}
      value={draft[key]}
    />
  );
  const minutes = { type: 'number', min: 0, max: 10_080, required: true } as const;
  const duration = {
    pattern: '[0-9]{1,6}[smhd]',
    placeholder: '5m',
    required: true,
    title: '30s, 5m, 1h',
  } as const;
  return (
    <form
      className="form rule-editor"
      onSubmit={(event) => {
        event.preventDefault();
        save.mutate();
      }}
    >
      {text('Name', 'name', 'name', { maxLength: 200, required: true })}
      <div className="condition-part">
        <ConditionInput
          onChange={(condition) => change({ condition })}
          problem={problemOf('condition')}
          value={draft.condition}
        />
        <ConditionChart
          condition={draft.condition}
          threshold={Number(draft.threshold)}
          window={draft.window}
        />
      </div>
      {text('Over when', 'resolve_condition', 'resolveCondition', {
        className: 'input mono',
        maxLength: 1000,
        placeholder: 'the condition does not hold',
      })}
      <div className="rule-fields">
        {text('Threshold', 'threshold', 'threshold', { type: 'number', step: 'any', required: true })}
        {text('Over the last', 'window', 'window', duration)}
        {text('Fires after', 'for', 'for', duration)}
        {text('Over after', 'keep_firing_for', 'keepFiringFor', duration)}
        <Select label="Level" onChange={(level) => change({ level })} options={levels} value={draft.level} />
        {text('An alert for each', 'group_by', 'groupBy', { placeholder: 'type, source' })}
        <Select
          label="Without values"
          onChange={(onNoData) => change({ onNoData })}
          options={withoutData}
          value={draft.onNoData}
        />
        {text('Tags', 'tags', 'tags', { placeholder: 'payments, nightly' })}
      </div>
      <ChannelChoice
        chosen={draft.channels}
        label="Tells"
        onChange={(channels) => change({ channels })}
        problem={problemOf('channels')}
      />
      <div className="rule-fields">
        {text('Not again for, minutes', 'suppression_minutes', 'suppressionMinutes', minutes)}
        {text('Escalates after, minutes', 'escalation_minutes', 'escalationMinutes', minutes)}
      </div>
      {Number(draft.escalationMinutes) > 0 ? (
        <ChannelChoice
          chosen={draft.escalationChannels}
          label="Tells then (the same as before when none is chosen)"
          onChange={(escalationChannels) => change({ escalationChannels })}
          problem={problemOf('escalation_channels')}
        />
      ) : null}
      {text('What to do about it', 'description', 'description', { maxLength: 2000 })}
      {error === null || atField ? null : (
        <p className="error-text" role="alert">
          {describeError(error)}
        </p>
      )}
      {attempt.data === undefined ? null : <RuleTrial trial={attempt.data} />}
      <div className="actions">
        {rule === null ? null : deleting ? (
          <Button disabled={remove.isPending} kind="danger" onClick={() => remove.mutate(rule.id)}>
            Delete it and resolve its alerts
          </Button>
        ) : (
          <Button kind="danger" onClick={() => setDeleting(true)}>
            Delete…
          </Button>
        )}
        <span className="grow" />
        <Button
          disabled={attempt.isPending || draft.condition.trim() === ''}
          onClick={() => {
            save.reset();
            attempt.mutate();
          }}
        >
          {attempt.isPending ? 'Trying…' : 'Try on the last 24 hours'}
        </Button>
        <Button disabled={save.isPending} kind="primary" type="submit">
          {rule === null ? 'Make the rule' : 'Save'}
        </Button>
      </div>
    </form>
  );
}

const TextField = ({
  label,
  problem,
  ...input
}: ComponentProps<'input'> & { readonly label: string; readonly problem: RuleProblem | null }) => (
  <Field label={label}>
    <input
      aria-invalid={problem !== null}
      autoComplete="off"
      className="input"
      spellCheck={false}
      {...input}
    />
    {problem === null ? null : (
      <span className="error-text small" role="alert">
        {problem.message}
      </span>
    )}
  </Field>
);

interface ChannelChoiceProps {
  readonly label: string;
  readonly chosen: readonly string[];
  readonly onChange: (chosen: readonly string[]) => void;
  readonly problem: RuleProblem | null;
}

function ChannelChoice({ label, chosen, onChange, problem }: ChannelChoiceProps) {
  const { data = [] } = useChannels();
  // A rule may name a whole type; it stays as it is until somebody takes it away.
  const names = [...new Set([...data.map(({ type, name }) => `${type}:${name}`), ...chosen])];
  return (
    <fieldset className="choice">
      <legend className="quiet small">{label}</legend>
      {names.length === 0 ? <span className="quiet">Nobody: there are no channels yet.</span> : null}
      {names.map((name) => (
        <label key={name}>
          <input
            checked={chosen.includes(name)}
            onChange={(event) =>
              onChange(event.target.checked ? [...chosen, name] : chosen.filter((each) => each !== name))
            }
            type="checkbox"
          />{' '}
          {name}
        </label>
      ))}
      {problem === null ? null : (
        <span className="error-text small" role="alert">
          {problem.message}
        </span>
      )}
    </fieldset>
  );
}
