import { formatValue, type Unit } from '../lib/format.ts';
import type { Series } from './series.ts';

/** Which colour is what, with the sum or the last value of each. */
export const Legend = ({ series, unit }: { readonly series: readonly Series[]; readonly unit: Unit }) => (
  <ul className="legend">
    {series.map(({ name, colour, values }) => (
      <li key={name}>
        <span className="swatch" style={{ background: `var(${colour})` }} />
        <span>{name}</span>
        <span className="quiet">
          {unit === 'count'
            ? formatValue(
                values.reduce<number>((sum, value) => sum + (value ?? 0), 0),
                unit,
              )
            : formatValue(
                values.findLast((value) => value !== null),
                unit,
              )}
        </span>
      </li>
    ))}
  </ul>
);
