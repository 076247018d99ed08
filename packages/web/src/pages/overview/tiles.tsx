import { Sparkline } from '../../charts/sparkline.tsx';
import { formatChange, formatValue, type Unit } from '../../lib/format.ts';
import type { TimeRange } from '../../lib/time-range.ts';
import { ErrorState, Skeleton } from '../../ui/states.tsx';
import { type Figure, type Figures, useFigures } from './figures.ts';

interface Tile {
  readonly name: string;
  readonly figure: keyof Figures;
  readonly unit: Unit;
  /** Whether more of it is good, bad, or neither. */
  readonly more: 'good' | 'bad' | 'neither';
  readonly colour: string;
}

const tiles: readonly Tile[] = [
  {
    name: 'Events per second',
    figure: 'perSecond',
    unit: 'per-second',
    more: 'neither',
    colour: '--series-1',
  },
  { name: 'Active users', figure: 'users', unit: 'count', more: 'good', colour: '--series-3' },
  { name: 'Error rate', figure: 'errorRate', unit: 'ratio', more: 'bad', colour: '--series-4' },
  {
    name: 'Response time, mean',
    figure: 'responseAverage',
    unit: 'seconds',
    more: 'bad',
    colour: '--series-7',
  },
  { name: 'Response time, p95', figure: 'responseP95', unit: 'seconds', more: 'bad', colour: '--series-7' },
];

export function Tiles({ range }: { readonly range: TimeRange }) {
  const { data, error, refetch } = useFigures(range);
  if (data === undefined && error !== null) return <ErrorState error={error} retry={() => void refetch()} />;
  return (
    <dl className="tiles">
      {tiles.map(({ name, figure, unit, more, colour }) => (
        <div className="panel tile" key={figure}>
          <dt>{name}</dt>
          <dd className="tile-figure">
            {data === undefined ? <Skeleton height={24} width={80} /> : formatValue(data[figure].now, unit)}
          </dd>
          <dd className="small tile-change">
            {data === undefined ? null : <Change figure={data[figure]} more={more} />}
          </dd>
          <dd>
            {data === undefined ? (
              <Skeleton height={28} />
            ) : (
              <Sparkline colour={colour} values={data[figure].course} />
            )}
          </dd>
        </div>
      ))}
    </dl>
  );
}

function Change({ figure: { now, before }, more }: { readonly figure: Figure; readonly more: Tile['more'] }) {
  if (now === null) return <span className="quiet">Not sent by any event</span>;
  if (before === null || before === 0) return <span className="quiet">Nothing before</span>;
  const ratio = (now - before) / before;
  const tone =
    more === 'neither' || Math.abs(ratio) < 0.005
      ? undefined
      : ratio > 0 === (more === 'good')
        ? 'good'
        : 'bad';
  return (
    <span>
      <b data-tone={tone}>{formatChange(ratio)}</b> <span className="quiet">to the period before</span>
    </span>
  );
}
