import type { RevisedSeconds } from '../domain/metrics/live-metrics.ts';

/** How long after it was told a change of a second matters to anyone who follows, milliseconds. */
const rememberedMs = 300_000;

/** Notes which seconds were changed after the watermark had passed them. */
export class RevisedSecondsLog {
  private seconds = new Map<string, Set<number>>();

  /** Of a second that is not told yet, and of one of long ago, nothing is noted. */
  note(project: string, at: number, watermark: number): void {
    if (at >= watermark || at < watermark - rememberedMs) return;
    const known = this.seconds.get(project);
    if (known === undefined) this.seconds.set(project, new Set([at]));
    else known.add(at);
  }

  /** What was noted since it was taken before. */
  take(): RevisedSeconds {
    const taken = this.seconds;
    this.seconds = new Map();
    return taken;
  }
}
