import type { Issue } from '@streamflow/contracts';
import type { Normalise } from './normalise.ts';

/** Whether a type is among names and patterns like `web.*`. */
const isAmong = (type: string, allowed: readonly string[]): boolean =>
  allowed.some((entry) => (entry.endsWith('.*') ? type.startsWith(entry.slice(0, -1)) : type === entry));

/** Refuses events of other types than the sender may send; null or undefined for all. */
export function restrictTypes(
  normalise: Normalise,
  allowed: readonly string[] | null | undefined,
): Normalise {
  if (allowed === null || allowed === undefined) return normalise;
  return (input, receipt) => {
    const result = normalise(input, receipt);
    if ('issues' in result || isAmong(result.type, allowed)) return result;
    const issue: Issue = {
      field: 'type',
      message: 'This API key may not send events of this type',
      allowed_values: [...allowed],
    };
    return { issues: [issue] };
  };
}
