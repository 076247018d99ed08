import type { RulePreview } from '@streamflow/contracts';
import { useView } from '../../app/use-view.ts';
import { formatTime } from '../../lib/format.ts';
import { groupText } from './alert-words.ts';
import { trialText } from './trial-words.ts';

const shown = 5;

/** What came of trying a rule. */
export function RuleTrial({ trial }: { readonly trial: RulePreview }) {
  const { zone } = useView();
  const { firings } = trial;
  return (
    <div className="trial" role="status">
      <p>{trialText(trial)}</p>
      <ul className="quiet small">
        {firings.slice(-shown).map(({ from, to, group }) => (
          <li key={`${from} ${groupText(group)}`}>
            {formatTime(from, zone)} – {to === null ? 'now' : formatTime(to, zone)} {groupText(group)}
          </li>
        ))}
      </ul>
      {firings.length > shown ? <p className="quiet small">These are the last {shown}.</p> : null}
    </div>
  );
}
