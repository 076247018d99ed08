import { Dialog } from '@base-ui/react/dialog';
import { useNavigate } from '@tanstack/react-router';
import { type KeyboardEvent, useEffect, useId, useRef, useState } from 'react';
import { ranges } from '../lib/time-range.ts';
import { carriedParams, conditionParams, rangeParams } from '../lib/view.ts';
import { Icon, type IconName } from '../ui/icon.tsx';
import { firstStepsPath, guidePath, pages } from './pages.ts';
import { signOut } from './session.ts';
import { toggleTheme } from './theme.ts';
import { useView } from './use-view.ts';

interface Command {
  readonly name: string;
  readonly kind: string;
  readonly icon: IconName;
  run(): void;
}

const eventId = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** Everything by its name: pages, ranges of time, an event by id, events of a user. */
export function CommandPalette({ open, onClose }: { readonly open: boolean; readonly onClose: () => void }) {
  return (
    <Dialog.Root onOpenChange={(next) => (next ? undefined : onClose())} open={open}>
      <Dialog.Portal>
        <Dialog.Backdrop className="backdrop" />
        <Dialog.Popup aria-label="Commands" className="popup palette">
          <Commands onDone={onClose} />
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

function Commands({ onDone }: { readonly onDone: () => void }) {
  const [text, setText] = useState('');
  const [at, setAt] = useState(0);
  const list = useRef<HTMLDivElement>(null);
  const id = useId();
  const found = useCommands(text.trim());
  const chosen = found[Math.min(at, found.length - 1)];

  useEffect(() => {
    list.current?.children.item(at)?.scrollIntoView({ block: 'nearest' });
  }, [at]);

  const run = (command: Command | undefined): void => {
    if (command === undefined) return;
    onDone();
    command.run();
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const steps: Readonly<Record<string, number>> = { ArrowDown: 1, ArrowUp: -1 };
    const step = steps[event.key];
    if (step !== undefined) {
      event.preventDefault();
      setAt((old) => (old + step + found.length) % Math.max(1, found.length));
    } else if (event.key === 'Enter') {
      event.preventDefault();
      run(chosen);
    }
  };
  return (
    <>
      <input
        aria-activedescendant={chosen === undefined ? undefined : `${id}-${found.indexOf(chosen)}`}
        aria-controls={`${id}-list`}
        aria-expanded="true"
        aria-label="Go to a page, a time range, an event or a user"
        autoComplete="off"
        onChange={(event) => {
          setText(event.target.value);
          setAt(0);
        }}
        onKeyDown={onKeyDown}
        placeholder="Page, time range, event id or user…"
        role="combobox"
        spellCheck={false}
        value={text}
      />
      <div
        aria-label="Commands"
        className="palette-list"
        id={`${id}-list`}
        ref={list}
        role="listbox"
        tabIndex={-1}
      >
        {found.map((command, index) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the keyboard stays in the field above
          <div
            aria-selected={command === chosen}
            id={`${id}-${index}`}
            key={command.name}
            onClick={() => run(command)}
            onPointerMove={() => setAt(index)}
            role="option"
            tabIndex={-1}
          >
            <Icon name={command.icon} />
            {command.name}
            <span className="quiet small">{command.kind}</span>
          </div>
        ))}
      </div>
    </>
  );
}

function useCommands(text: string): readonly Command[] {
  const { params, setRange } = useView();
  const navigate = useNavigate();
  const go = (to: string, search = carriedParams(params)) => void navigate({ to, search });
  const commands: readonly Command[] = [
    ...pages.map(({ path, name, icon }) => ({ name, kind: 'Page', icon, run: () => go(path) })),
    { name: 'First steps', kind: 'Page', icon: 'start', run: () => go(firstStepsPath) },
    { name: 'Guide', kind: 'Documentation', icon: 'guide', run: () => location.assign(guidePath) },
    ...ranges.map(({ name, label, ms }) => ({
      name: `Last ${label}`,
      kind: 'Time range',
      icon: 'clock' as const,
      run: () => setRange({ kind: 'last', name, ms }),
    })),
    { name: 'Switch theme', kind: 'Look', icon: 'moon', run: toggleTheme },
    { name: 'Sign out', kind: 'Account', icon: 'user', run: signOut },
  ];
  const words = text.toLowerCase().split(/\s+/);
  const matching = commands.filter(({ name, kind }) =>
    words.every((word) => `${name} ${kind}`.toLowerCase().includes(word)),
  );
  if (text === '') return matching;
  if (eventId.test(text))
    return [
      {
        name: text,
        kind: 'Event',
        icon: 'events',
        run: () => go('/browse', { ...carriedParams(params), event: text }),
      },
    ];
  const ofUser = {
    ...rangeParams({ kind: 'last', name: '30d', ms: 30 * 86_400_000 }),
    ...conditionParams([{ field: 'user_id', value: text }]),
  };
  return [
    ...matching,
    { name: `Events of user “${text}”`, kind: 'Events', icon: 'user', run: () => go('/browse', ofUser) },
  ];
}
