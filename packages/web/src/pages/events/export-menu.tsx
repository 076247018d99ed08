import { Menu } from '@base-ui/react/menu';
import { useEffect, useRef, useState } from 'react';
import { client } from '../../app/session.ts';
import { useView } from '../../app/use-view.ts';
import { toEventFilter } from '../../lib/filter.ts';
import { resolveRange } from '../../lib/time-range.ts';
import { Button } from '../../ui/button.tsx';
import { Icon } from '../../ui/icon.tsx';
import { describeError } from '../../ui/states.tsx';

type Format = 'csv' | 'ndjson';
type Progress =
  | { readonly kind: 'idle' }
  | { readonly kind: 'running'; readonly bytes: number }
  | { readonly kind: 'failed'; readonly message: string };

const megabytes = new Intl.NumberFormat(navigator.languages, {
  style: 'unit',
  unit: 'megabyte',
  maximumFractionDigits: 1,
});
const types: Readonly<Record<Format, string>> = { csv: 'text/csv', ndjson: 'application/x-ndjson' };

/** Everything that is filtered for, as a file, with how much of it has come. */
export function ExportMenu() {
  const { range, conditions } = useView();
  const [progress, setProgress] = useState<Progress>({ kind: 'idle' });
  const running = useRef<AbortController | null>(null);
  useEffect(() => () => running.current?.abort(), []);

  const start = async (format: Format): Promise<void> => {
    const abort = new AbortController();
    running.current = abort;
    setProgress({ kind: 'running', bytes: 0 });
    try {
      const parts: Uint8Array<ArrayBuffer>[] = [];
      let bytes = 0;
      let shownAt = 0;
      const filter = toEventFilter(conditions, resolveRange(range, Date.now()));
      for await (const part of client.events.download({ ...filter, format }, { signal: abort.signal })) {
        parts.push(new Uint8Array(part));
        bytes += part.length;
        if (Date.now() - shownAt < 200) continue;
        shownAt = Date.now();
        setProgress({ kind: 'running', bytes });
      }
      save(new Blob(parts, { type: types[format] }), `events.${format}`);
      setProgress({ kind: 'idle' });
    } catch (error) {
      setProgress(
        abort.signal.aborted ? { kind: 'idle' } : { kind: 'failed', message: describeError(error) },
      );
    }
  };

  if (progress.kind === 'running')
    return (
      <Button aria-live="polite" onClick={() => running.current?.abort()} size="small">
        <Icon name="close" size={14} /> {megabytes.format(progress.bytes / 1_000_000)}
      </Button>
    );
  return (
    <>
      {progress.kind === 'failed' ? (
        <span className="error-text small" role="alert">
          The export failed. {progress.message}
        </span>
      ) : null}
      <Menu.Root>
        <Menu.Trigger
          render={
            <Button size="small">
              <Icon name="download" size={14} /> Export
            </Button>
          }
        />
        <Menu.Portal>
          <Menu.Positioner align="end" className="layer" sideOffset={4}>
            <Menu.Popup className="popup menu">
              <Menu.Item className="menu-item" onClick={() => void start('csv')}>
                CSV, for spreadsheets
              </Menu.Item>
              <Menu.Item className="menu-item" onClick={() => void start('ndjson')}>
                NDJSON, one event a line
              </Menu.Item>
            </Menu.Popup>
          </Menu.Positioner>
        </Menu.Portal>
      </Menu.Root>
    </>
  );
}

function save(content: Blob, name: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(content);
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}
