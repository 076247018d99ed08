import { Popover } from '@base-ui/react/popover';
import { useState } from 'react';
import { formatTime, type Zone } from '../lib/format.ts';
import { ranges, resolveRange, type TimeRange } from '../lib/time-range.ts';
import { Button } from '../ui/button.tsx';
import { Field } from '../ui/field.tsx';
import { Icon } from '../ui/icon.tsx';
import { Segments } from '../ui/segments.tsx';
import { useView } from './use-view.ts';

export function rangeLabel(range: TimeRange, zone: Zone): string {
  if (range.kind === 'between') return `${formatTime(range.start, zone)} – ${formatTime(range.end, zone)}`;
  return `Last ${ranges.find(({ name }) => name === range.name)?.label ?? range.name}`;
}

/** As `datetime-local` has it, in the zone in which times are shown. */
function toInput(at: number, zone: Zone): string {
  const shifted = zone === 'utc' ? at : at - new Date(at).getTimezoneOffset() * 60_000;
  return new Date(shifted).toISOString().slice(0, 19);
}
const fromInput = (text: string, zone: Zone): number => Date.parse(zone === 'utc' ? `${text}Z` : text);

export function RangePicker() {
  const { range, zone, setRange, change } = useView();
  const [open, setOpen] = useState(false);
  return (
    <Popover.Root onOpenChange={setOpen} open={open}>
      <Popover.Trigger
        render={
          <Button
            aria-label={`Time range: ${rangeLabel(range, zone)}`}
            className="button range-button"
            title={rangeLabel(range, zone)}
          >
            <Icon name="clock" size={14} />
            <span className="range-text">{rangeLabel(range, zone)}</span>
          </Button>
        }
      />
      <Popover.Portal>
        <Popover.Positioner align="end" className="layer" sideOffset={4}>
          <Popover.Popup aria-label="Time range" className="popup range-popup form">
            <div className="range-grid">
              {ranges.map(({ name, label, ms }) => (
                <Button
                  aria-pressed={range.kind === 'last' && range.name === name}
                  key={name}
                  onClick={() => {
                    setRange({ kind: 'last', name, ms });
                    setOpen(false);
                  }}
                >
                  {label}
                </Button>
              ))}
            </div>
            <Between key={JSON.stringify(range)} onDone={() => setOpen(false)} />
            <Segments
              label="Time zone"
              onChange={(next) => change({ zone: next === 'utc' ? 'utc' : undefined })}
              options={[
                { value: 'local', label: 'Local time' },
                { value: 'utc', label: 'UTC' },
              ]}
              value={zone}
            />
          </Popover.Popup>
        </Popover.Positioner>
      </Popover.Portal>
    </Popover.Root>
  );
}

function Between({ onDone }: { readonly onDone: () => void }) {
  const { range, zone, setRange } = useView();
  const shown = resolveRange(range, Date.now());
  const [from, setFrom] = useState(toInput(shown.start, zone));
  const [to, setTo] = useState(toInput(shown.end, zone));
  const [start, end] = [fromInput(from, zone), fromInput(to, zone)];
  const valid = start < end;
  return (
    <form
      className="form"
      onSubmit={(event) => {
        event.preventDefault();
        if (!valid) return;
        setRange({ kind: 'between', start, end });
        onDone();
      }}
    >
      <Field label="From">
        <input
          className="input"
          onChange={(event) => setFrom(event.target.value)}
          step={1}
          type="datetime-local"
          value={from}
        />
      </Field>
      <Field label="To">
        <input
          className="input"
          onChange={(event) => setTo(event.target.value)}
          step={1}
          type="datetime-local"
          value={to}
        />
      </Field>
      {valid ? null : <p className="error-text small">The end must be later than the start.</p>}
      <Button disabled={!valid} type="submit">
        Show this time
      </Button>
    </form>
  );
}
