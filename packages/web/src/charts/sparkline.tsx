/** The course of a figure, without axes: the figure itself stands beside it. */
export function Sparkline({
  values,
  colour,
}: {
  readonly values: readonly (number | null)[];
  readonly colour: string;
}) {
  const present = values.filter((value): value is number => value !== null);
  const top = Math.max(...present, 0);
  const width = 100;
  const height = 28;
  const x = (at: number): number => (values.length < 2 ? 0 : (at / (values.length - 1)) * width);
  const y = (value: number): number => (top === 0 ? height - 1 : height - 1 - (value / top) * (height - 3));
  let path = '';
  let pen = 'M';
  for (const [at, value] of values.entries()) {
    if (value === null) pen = 'M';
    else {
      path += `${pen}${x(at).toFixed(2)} ${y(value).toFixed(2)}`;
      pen = 'L';
    }
  }
  return (
    <svg
      aria-hidden="true"
      className="sparkline"
      preserveAspectRatio="none"
      viewBox={`0 0 ${width} ${height}`}
    >
      <path
        d={path}
        fill="none"
        stroke={`var(${colour})`}
        strokeWidth={1.5}
        vectorEffect="non-scaling-stroke"
      />
    </svg>
  );
}
