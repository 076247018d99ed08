import type { AlertLevel } from '@streamflow/contracts';

/** How bad it is: a colour, and the word for it. */
export const Level = ({ level }: { readonly level: AlertLevel }) => (
  <span className="level" data-level={level}>
    {level}
  </span>
);
