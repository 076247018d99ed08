import { otherTagValue } from '@streamflow/contracts';
import type { Clock } from '../domain/clock.ts';
import type { Log } from '../domain/log.ts';
import { EventFold } from '../domain/metrics/event-fold.ts';
import { minute, minutesKept, second, secondsKept } from '../domain/metrics/metric-ring.ts';
import type { MetricRings } from '../domain/metrics/metric-rings.ts';
import type { Timers } from '../domain/timers.ts';
import type { EventStore, HistoryPoint } from '../engines/event-store/port.ts';
import type { DefinitionSource } from './definition-source.ts';
import { DueMinutes } from './due-minutes.ts';

/*
 * Makes the rings equal to the store. Deltas may tell an event twice (a client that repeats itself, a crash) or not at
 * all (what was dropped, what was late, what came before this process). So every minute is compared with the store once
 * it is over, and soon when it may be wrong: events and errors of each second, by one cheap query. A second that differs
 * is computed again from its events, by the very code that the workers fold with.
 *
 * At the start every minute of the last day is unknown, and the newest are computed first.
 *
 * The store may be behind. So what it has less of than the rings is believed when it has as little a moment later; and
 * what may be wrong is compared again and again at growing times. What comes in while the store is read is not replaced
 * but compared once more.
 */

export interface StoreCheckOptions {
  readonly rings: MetricRings;
  readonly events: Pick<EventStore, 'history' | 'export'>;
  readonly definitions: Pick<DefinitionSource, 'of' | 'ready'>;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly log: Log;
  readonly maxTagValues: number;
  /** Told of a span that was computed again. */
  onRecomputed(project: string, span: Span): void;
}

/** From a time up to and without another. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

const everyMs = 500;
/** The store may not have the last seconds yet. */
const settleMs = 2000;
const postponeMs = 3000;
/** Minutes that are compared at a time. */
const mostMinutes = 60;
/** Minutes of which events are read at a time. */
const mostMinutesRead = 5;

export class StoreCheck {
  private readonly options: StoreCheckOptions;
  private readonly projects = new Map<string, DueMinutes>();
  /** Seconds of the project that is being compared which changed meanwhile; null between comparisons. */
  private changed: { readonly project: string; readonly seconds: Set<number> } | null = null;
  /** Where the rings have totals alone, of the comparison that runs. */
  private readonly unread = new Set<number>();
  private readonly stopping = new AbortController();
  private running: Promise<void> | null = null;
  private cancel = (): void => {};

  constructor(options: StoreCheckOptions) {
    this.options = options;
  }

  start(): void {
    this.dueOf('default');
    this.schedule(0);
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    this.cancel();
    await this.running;
  }

  onMeasured(project: string, at: number): void {
    if (this.changed?.project === project) this.changed.seconds.add(at);
    this.dueOf(project).onMeasured(minuteOf(at), this.options.clock.now());
  }

  /** Null for every project. */
  onTouched(project: string | null, { from, to }: Span): void {
    const now = this.options.clock.now();
    const projects = project === null ? [...this.projects.values()] : [this.dueOf(project)];
    for (let at = Math.max(minuteOf(from), minuteOf(now - minutesKept)); at < Math.min(to, now); at += minute)
      for (const due of projects) due.onTouched(at, now);
  }

  /** Minutes that wait to be compared now or later. */
  get waiting(): number {
    let waiting = 0;
    for (const due of this.projects.values()) waiting += due.size;
    return waiting;
  }

  /** What lies before may not have been read since the start. */
  knownFrom(project: string): number {
    return this.dueOf(project).knownFrom;
  }

  private dueOf(project: string): DueMinutes {
    let due = this.projects.get(project);
    if (due === undefined) {
      due = new DueMinutes();
      this.projects.set(project, due);
      const now = this.options.clock.now();
      for (let at = minuteOf(now - minutesKept) + minute; at <= now; at += minute)
        due.onUnknown(at, now, at > now - mostMinutes * minute);
    }
    return due;
  }

  private schedule(afterMs: number): void {
    this.cancel = this.options.timers.after(afterMs, () => {
      this.running = this.checkAll().then((isMore) => {
        this.running = null;
        if (!this.stopping.signal.aborted) this.schedule(isMore ? 0 : everyMs);
      });
    });
  }

  /** True when there is more to do at once. */
  private async checkAll(): Promise<boolean> {
    const now = this.options.clock.now();
    let isMore = false;
    for (const [project, due] of this.projects) {
      due.forget(minuteOf(now - minutesKept));
      const span = due.take(now, mostMinutes);
      if (span === null) continue;
      isMore = true;
      try {
        await this.check(project, due, span, now);
      } catch (error) {
        if (this.stopping.signal.aborted) return false;
        this.options.log.warning('Live metrics could not be compared with the store; tried again', { error });
        for (let at = span.from; at < span.to; at += minute) due.postpone(at, now + postponeMs);
      } finally {
        this.changed = null;
        this.takeBackTotals(project, stepOf(span, now));
      }
    }
    return isMore;
  }

  private async check(project: string, due: DueMinutes, span: Span, now: number): Promise<void> {
    const { rings, events, definitions } = this.options;
    await definitions.ready(project);
    const changed = new Set<number>();
    this.changed = { project, seconds: changed };
    const end = Math.min(span.to, Math.floor((now - settleMs) / second) * second);
    const step = stepOf(span, now);
    const filter = { project, start: span.from, end };
    const stored = new Map<number, HistoryPoint>();
    if (span.from < end)
      for (const point of await events.history({ filter, interval: step }, { signal: this.stopping.signal }))
        stored.set(point.timestamp, point);
    const wrong: number[] = [];
    const wrongMinutes = new Set<number>();
    const waiting = new Set<number>();
    for (let at = span.from; at < end; at += step) {
      const live = count(rings, project, 'events_total', at, step);
      const { events: inStore, errors } = stored.get(at) ?? nothing;
      if (live === inStore && errors === count(rings, project, 'error_count', at, step)) continue;
      const start = minuteOf(at);
      if (inStore < live && !due.isLessAgain(start, at, inStore)) waiting.add(start);
      else {
        wrong.push(at);
        wrongMinutes.add(start);
      }
    }
    this.putTotals(project, wrong, stored, step);
    for (const stretch of stretches(wrong, step)) await this.recompute(project, stretch, changed, step);
    for (let at = span.from; at < span.to; at += minute)
      due.onCompared(at, now, {
        right: !wrongMinutes.has(at),
        waits: waiting.has(at),
        isOver: at + minute <= end,
      });
    for (const at of changed) due.onMeasured(minuteOf(at), this.options.clock.now());
  }

  /**
   * Puts the totals of the store where the rings have nothing, so that after a start the hour is there before all of its
   * events are read.
   */
  private putTotals(
    project: string,
    times: readonly number[],
    stored: ReadonlyMap<number, HistoryPoint>,
    step: number,
  ): void {
    const { rings } = this.options;
    for (const at of times) {
      const point = stored.get(at);
      if (point === undefined || count(rings, project, 'events_total', at, step) > 0) continue;
      this.unread.add(at);
      rings.add(project, [
        { name: 'events_total', type: 'counter', tags: untold, second: at, packed: point.events },
        { name: 'error_count', type: 'counter', tags: untold, second: at, packed: point.errors },
      ]);
    }
  }

  /** Takes totals back whose events could not be read: with them the next comparison would find nothing wrong. */
  private takeBackTotals(project: string, step: number): void {
    for (const at of this.unread) this.options.rings.replace(project, { from: at, to: at + step }, []);
    this.unread.clear();
  }

  /** Puts what the events of a stretch fold to in the place of what the rings have, but where that has changed. */
  private async recompute(
    project: string,
    span: Span,
    changed: ReadonlySet<number>,
    step: number,
  ): Promise<void> {
    const { rings, events, definitions, maxTagValues } = this.options;
    const fold = new EventFold({ maxTagValues, definitions: (of) => definitions.of(of) });
    const filter = { project, start: span.from, end: span.to };
    for await (const page of events.export({ filter, order: 'asc' }, { signal: this.stopping.signal }))
      for (const event of page) fold.add(project, event, Date.parse(event.timestamp));
    const folded = fold.take().get(project) ?? [];
    const hasChanged = (at: number): boolean => {
      for (let of = at; of < at + step; of += second) if (changed.has(of)) return true;
      return false;
    };
    const recomputed: Span[] = [];
    const kept = folded.filter((one) => !hasChanged(Math.floor(one.second / step) * step));
    for (let at = span.from; at < span.to; at += step) {
      if (hasChanged(at)) continue;
      rings.replace(project, { from: at, to: at + step }, []);
      this.unread.delete(at);
      recomputed.push({ from: at, to: at + step });
    }
    rings.add(project, kept);
    for (const one of recomputed) this.options.onRecomputed(project, one);
  }
}

/** What a total has that is not told apart yet. */
const untold = { type: otherTagValue, source: otherTagValue, severity: otherTagValue };

/** Seconds where the rings have any, else minutes. */
const stepOf = (span: Span, now: number): number =>
  span.from >= minuteOf(now - secondsKept) + minute ? second : minute;

const nothing = { events: 0, errors: 0 };

const minuteOf = (time: number): number => Math.floor(time / minute) * minute;

function count(rings: MetricRings, project: string, metric: string, at: number, step: number): number {
  return rings.read({ project, metric, from: at, to: at + step })[0]?.value.count ?? 0;
}

/** Times that follow each other at the step, together; of a bounded length each, newest first. */
function stretches(times: readonly number[], step: number): Span[] {
  const found: { from: number; to: number }[] = [];
  for (const at of times) {
    const last = found.at(-1);
    if (last !== undefined && last.to === at && at - last.from < mostMinutesRead * minute)
      last.to = at + step;
    else found.push({ from: at, to: at + step });
  }
  return found.reverse();
}
