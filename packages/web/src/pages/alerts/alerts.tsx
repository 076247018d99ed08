import { useView } from '../../app/use-view.ts';
import { oneOf } from '../../lib/view.ts';
import { Segments } from '../../ui/segments.tsx';
import { AlertDrawer } from './alert-drawer.tsx';
import { AlertList } from './alert-list.tsx';
import { Channels } from './channels.tsx';
import { Rules } from './rules.tsx';
import { Silences } from './silences.tsx';
import './alerts.css';

const parts = [
  { value: 'open', label: 'Open' },
  { value: 'past', label: 'Past' },
  { value: 'rules', label: 'Rules' },
  { value: 'channels', label: 'Channels' },
  { value: 'silences', label: 'Silences' },
] as const;

export default function Alerts() {
  const { params, change } = useView();
  const part = parts.find(({ value }) => value === oneOf(params, 'part'))?.value ?? 'open';
  const alert = oneOf(params, 'alert');
  return (
    <>
      <div>
        <Segments
          label="Part of alerting"
          onChange={(next) => change({ part: next })}
          options={parts}
          value={part}
        />
      </div>
      {part === 'rules' ? (
        <Rules />
      ) : part === 'channels' ? (
        <Channels />
      ) : part === 'silences' ? (
        <Silences />
      ) : (
        <AlertList onOpen={(id) => change({ alert: id })} part={part} />
      )}
      <AlertDrawer id={alert} onClose={() => change({ alert: undefined })} />
    </>
  );
}
