import type { RulePreview } from '@streamflow/contracts';

const times = (count: number): string => (count === 0 ? 'never' : count === 1 ? 'once' : `${count} times`);
const notifications = (count: number): string =>
  count === 0 ? 'no notification' : count === 1 ? '1 notification' : `${count} notifications`;

/** What a rule would have done, in a sentence. */
export function trialText({ firings, notifications: sent }: RulePreview): string {
  if (firings.length === 0) return 'It would never have fired.';
  const still = firings.filter(({ to }) => to === null).length;
  const end =
    still === 0 ? '' : still === firings.length ? ' It would still fire.' : ' Some would still fire.';
  return `It would have fired ${times(firings.length)}, with ${notifications(sent.length)}.${end}`;
}
