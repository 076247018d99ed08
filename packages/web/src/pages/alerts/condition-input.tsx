import { type KeyboardEvent, useId, useRef, useState } from 'react';
import { flushSync } from 'react-dom';
import { useMetricDefinitions } from '../../app/metric-definitions.ts';
import { type Completion, completions, completionsOf, wordAt } from './completions.ts';
import type { RuleProblem } from './rule-problem.ts';

interface ConditionInputProps {
  readonly value: string;
  readonly onChange: (value: string) => void;
  /** What the server said of it as it stands. */
  readonly problem: RuleProblem | null;
}

/** A condition, with the names that it may have completed as one types. */
export function ConditionInput({ value, onChange, problem }: ConditionInputProps) {
  const id = useId();
  const input = useRef<HTMLTextAreaElement>(null);
  const [caret, setCaret] = useState(0);
  const [at, setAt] = useState(0);
  const [open, setOpen] = useState(false);
  const { data: definitions = [] } = useMetricDefinitions();
  const defined = definitions.map(({ name, description }) => ({
    text: name,
    meaning: description === '' ? 'a metric of yours' : description,
  }));
  const offered = open ? completionsOf(value, caret, [...completions, ...defined]) : [];
  const chosen = offered[Math.min(at, offered.length - 1)];

  const take = (completion: Completion): void => {
    const { start } = wordAt(value, caret);
    const next = start + completion.text.length;
    // Before the next key comes: whoever types on quickly would find the caret moved under their hands.
    flushSync(() => {
      onChange(value.slice(0, start) + completion.text + value.slice(caret));
      setOpen(false);
    });
    input.current?.focus();
    input.current?.setSelectionRange(next, next);
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const steps: Readonly<Record<string, number>> = { ArrowDown: 1, ArrowUp: -1 };
    const step = steps[event.key];
    if (chosen === undefined) {
      // A condition is one line.
      if (event.key === 'Enter') event.preventDefault();
      return;
    }
    if (step !== undefined) setAt((old) => (old + step + offered.length) % offered.length);
    else if (event.key === 'Enter' || event.key === 'Tab') take(chosen);
    else if (event.key === 'Escape') {
      // It closes the list, and not the editor.
      event.stopPropagation();
      setOpen(false);
    } else return;
    event.preventDefault();
  };
  return (
    <div className="field condition">
      <label htmlFor={id}>Condition</label>
      <textarea
        aria-activedescendant={chosen === undefined ? undefined : `${id}-${offered.indexOf(chosen)}`}
        aria-autocomplete="list"
        aria-controls={`${id}-list`}
        aria-describedby={problem === null ? undefined : `${id}-problem`}
        aria-expanded={offered.length > 0}
        aria-invalid={problem !== null}
        autoComplete="off"
        className="input mono"
        id={id}
        maxLength={1000}
        onBlur={() => setOpen(false)}
        onChange={(event) => {
          onChange(event.target.value.replaceAll('\n', ' '));
          setCaret(event.target.selectionStart);
          setAt(0);
          setOpen(true);
        }}
        onKeyDown={onKeyDown}
        placeholder="error_rate > 0.05"
        ref={input}
        required
        role="combobox"
        rows={2}
        spellCheck={false}
        value={value}
      />
      <div
        className="popup completions"
        hidden={offered.length === 0}
        id={`${id}-list`}
        role="listbox"
        aria-label="Completions"
      >
        {offered.map((completion, index) => (
          <div
            aria-selected={completion === chosen}
            id={`${id}-${index}`}
            key={completion.text}
            onPointerDown={(event) => {
              // The focus stays in the field.
              event.preventDefault();
              take(completion);
            }}
            role="option"
            tabIndex={-1}
          >
            <code>{completion.text}</code>
            <span className="quiet small">{completion.meaning}</span>
          </div>
        ))}
      </div>
      {problem === null ? null : (
        <div className="error-text small" id={`${id}-problem`} role="alert">
          <p>{problem.message}</p>
          {problem.position === null ? null : <Marked position={problem.position} text={value} />}
        </div>
      )}
    </div>
  );
}

/** The characters concerned; those after the end of the condition where something is missing. */
const Marked = ({
  text,
  position: { start, end },
}: {
  readonly text: string;
  readonly position: { readonly start: number; readonly end: number };
}) => (
  <code className="marked">
    {text.slice(0, start)}
    <mark>{text.slice(start, Math.max(end, start + 1)) || ' '}</mark>
    {text.slice(Math.max(end, start + 1))}
  </code>
);
