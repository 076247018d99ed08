import type { WorkerState } from '@streamflow/contracts';

const second = 1000;
const minute = 60_000;
/** So many spans are told at a time; what is beyond is told as one. */
const mostSpans = 500;

type Span = WorkerState['touched'][number];

/** Spans of time that are to be computed again, gathered until they are told. */
export class TouchedSpans {
  private readonly starts = new Map<string, Map<number, number>>();
  private readonly spans: Span[] = [];

  addSecond(project: string, start: number): void {
    this.add(project, start, start + second);
  }

  /** The whole minute around a time. */
  addMinute(project: string, time: number): void {
    const start = Math.floor(time / minute) * minute;
    this.add(project, start, start + minute);
  }

  /** Of every project. */
  addSpan(from: number, to: number): void {
    this.spans.push({ project: null, from, to });
  }

  take(): Span[] {
    const taken = this.spans.splice(0);
    for (const [project, starts] of this.starts) {
      const found = [...starts].sort(([a], [b]) => a - b);
      const kept = found.slice(-mostSpans);
      const [first] = found;
      const [firstKept] = kept;
      if (first !== undefined && firstKept !== undefined && first[0] < firstKept[0])
        taken.push({ project, from: first[0], to: firstKept[0] });
      for (const [from, to] of kept) taken.push({ project, from, to });
    }
    this.starts.clear();
    return taken;
  }

  private add(project: string, from: number, to: number): void {
    let starts = this.starts.get(project);
    if (starts === undefined) {
      starts = new Map();
      this.starts.set(project, starts);
    }
    starts.set(from, Math.max(to, starts.get(from) ?? 0));
  }
}
