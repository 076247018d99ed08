/** Figures in the text format of Prometheus, the series of a name added up. */
export type MetricSums = Record<string, number>;

export function sumMetrics(text: string): MetricSums {
  const sums: MetricSums = {};
  for (const line of text.split('\n')) {
    const [, name, value] = /^([a-zA-Z_:][\w:]*)(?:\{.*\})? (\S+)$/.exec(line) ?? [];
    if (name !== undefined) sums[name] = (sums[name] ?? 0) + Number(value);
  }
  return sums;
}
