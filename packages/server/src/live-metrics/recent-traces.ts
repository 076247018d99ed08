import type { MetricDelta } from '@streamflow/contracts';

type Told = NonNullable<MetricDelta['traces']>;

/** Traces that are remembered of a project. */
const most = 256;

/** The last traces whose events were measured. */
export class RecentTraces {
  private readonly byProject = new Map<string, Told[number][]>();

  add(project: string, told: Told): void {
    if (told.length === 0) return;
    const known = [...(this.byProject.get(project) ?? []), ...told];
    this.byProject.set(project, known.slice(-most));
  }

  /** Trace contexts from a time up to and without another, the newest first. */
  of(project: string, from: number, to: number, type?: string): readonly string[] {
    const known = this.byProject.get(project) ?? [];
    return known
      .filter((one) => one.second >= from && one.second < to && (type === undefined || one.type === type))
      .map(({ traceparent }) => traceparent)
      .reverse();
  }
}
