import type { ServiceName } from '@streamflow/contracts';

/** Upper bounds of the duration buckets, seconds. */
const bounds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10] as const;

const requests = {
  name: 'streamflow_http_requests_total',
  help: 'HTTP requests by route.',
};
const duration = {
  name: 'streamflow_http_request_duration_seconds',
  help: 'Time from the header of an HTTP request to its answer, by route.',
};

/**
 * Counts and durations of HTTP requests. They are recorded on the way of every event, where a labelled metric of the
 * client library costs microseconds: here a record is a few additions, and the text is made when it is asked for.
 */
export class RequestMetrics {
  readonly #routes = new Map<string, RouteFigures>();

  route(service: ServiceName, method: string, route: string): (status: number, seconds: number) => void {
    const labels = `service="${service}",method="${escapeLabel(method)}",route="${escapeLabel(route)}"`;
    const known = this.#routes.get(labels) ?? new RouteFigures();
    this.#routes.set(labels, known);
    return (status, seconds) => known.record(status, seconds);
  }

  /** The Prometheus text format. */
  render(): string {
    const counts = [`# HELP ${requests.name} ${requests.help}`, `# TYPE ${requests.name} counter`];
    const durations = [`# HELP ${duration.name} ${duration.help}`, `# TYPE ${duration.name} histogram`];
    for (const [labels, figures] of this.#routes) {
      for (const [status, count] of figures.byStatus)
        counts.push(`${requests.name}{${labels},status="${status}"} ${count}`);
      if (figures.count === 0) continue;
      let cumulative = 0;
      for (const [index, bound] of bounds.entries()) {
        cumulative += figures.buckets[index] ?? 0;
        durations.push(`${duration.name}_bucket{le="${bound}",${labels}} ${cumulative}`);
      }
      durations.push(
        `${duration.name}_bucket{le="+Inf",${labels}} ${figures.count}`,
        `${duration.name}_sum{${labels}} ${figures.seconds}`,
        `${duration.name}_count{${labels}} ${figures.count}`,
      );
    }
    return `${counts.join('\n')}\n\n${durations.join('\n')}\n`;
  }
}

class RouteFigures {
  readonly byStatus = new Map<number, number>();
  /** Not cumulative; the last one is what is beyond all bounds. */
  readonly buckets = new Float64Array(bounds.length + 1);
  count = 0;
  seconds = 0;

  record(status: number, seconds: number): void {
    this.byStatus.set(status, (this.byStatus.get(status) ?? 0) + 1);
    this.count += 1;
    this.seconds += seconds;
    let index = 0;
    while (index < bounds.length && seconds > (bounds[index] ?? 0)) index += 1;
    this.buckets[index] = (this.buckets[index] ?? 0) + 1;
  }
}

const escapeLabel = (text: string): string =>
  text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
