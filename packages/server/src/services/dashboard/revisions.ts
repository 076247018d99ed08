import type { RevisedSeconds } from '../../domain/metrics/live-metrics.ts';

/** Seconds that one frame tells anew at most: it has to stay small enough for readers who are slow. */
const mostInAFrame = 30;
/** Nobody is told anew of what a snapshot would not tell, milliseconds. */
const oldest = 300_000;

/** Seconds that were told and are not as they were: each waits for a frame that has room for it, the newest first. */
export class Revisions {
  private readonly waiting = new Map<string, Set<number>>();

  /** @param followed projects that have readers; nothing waits for others */
  add(revised: RevisedSeconds, followed: ReadonlySet<string>): void {
    for (const project of this.waiting.keys()) if (!followed.has(project)) this.waiting.delete(project);
    for (const [project, seconds] of revised) {
      if (!followed.has(project)) continue;
      const known = this.waiting.get(project) ?? new Set<number>();
      this.waiting.set(project, known);
      for (const at of seconds) known.add(at);
    }
  }

  /** Those that the frame of the second that ends then is to tell, oldest first. */
  take(project: string, end: number): readonly number[] {
    const waiting = this.waiting.get(project);
    if (waiting === undefined) return [];
    const fitting = [...waiting].filter((at) => at >= end - oldest).sort((a, b) => b - a);
    const taken = fitting.slice(0, mostInAFrame);
    const left = fitting.slice(mostInAFrame);
    if (left.length === 0) this.waiting.delete(project);
    else this.waiting.set(project, new Set(left));
    return taken.reverse();
  }
}
