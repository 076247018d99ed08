import type { WorkerState } from '@streamflow/contracts';

const minute = 60_000;
/** As many as `GET /analytics/windows` tells of, and the present one. */
const minutesKept = 61;

/** Late events by the minute in which a worker told of them. */
export class LateEvents {
  readonly #byMinute = new Map<number, number>();

  /** `before`: what the worker said last. Of one that was never heard of it is not known when its late events came. */
  add({ late }: Pick<WorkerState, 'late'>, before: number | undefined, now: number): void {
    if (before === undefined || late === before) return;
    // A worker that starts anew counts from zero.
    const more = late > before ? late - before : late;
    const at = Math.floor(now / minute) * minute;
    this.#byMinute.set(at, this.in(at) + more);
    for (const old of this.#byMinute.keys()) if (old <= at - minutesKept * minute) this.#byMinute.delete(old);
  }

  in(start: number): number {
    return this.#byMinute.get(start) ?? 0;
  }
}
