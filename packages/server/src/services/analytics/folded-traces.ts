import type { MetricDelta } from '@streamflow/contracts';

type FoldedTrace = NonNullable<MetricDelta['traces']>[number];

/** Traces that a delta tells of at most; of more the last ones. */
const mostADelta = 32;

/** Which traces the events of the next delta belong to, so that what follows from it can be entered into them. */
export class FoldedTraces {
  private readonly byProject = new Map<string, FoldedTrace[]>();

  add(project: string, trace: FoldedTrace): void {
    const known = this.byProject.get(project);
    if (known === undefined) this.byProject.set(project, [trace]);
    else {
      if (known.length === mostADelta) known.shift();
      known.push(trace);
    }
  }

  take(project: string): FoldedTrace[] {
    const taken = this.byProject.get(project) ?? [];
    this.byProject.delete(project);
    return taken;
  }
}
