import type { Event, MetricType } from '@streamflow/contracts';
import { Aggregate } from './aggregate.ts';
import { type BuiltInMeasures, builtInMeasuresOf } from './built-in-measures.ts';
import type { DefinedMetric } from './defined-metric.ts';
import type { FoldedMetric } from './folded-metric.ts';
import { sentMetricOf } from './sent-metric.ts';
import { seriesKey, TagCaps, type Tags } from './tag-caps.ts';

const second = 1000;
const noTags: Tags = {};
/** Metrics of one project and second that events of type `metric` may name. */
const mostSentMetrics = 500;

/** Events of one combination of type, source and severity. */
interface EventCount {
  readonly tags: Tags;
  events: number;
  errors: number;
}

interface Series {
  readonly type: MetricType;
  readonly caps: TagCaps;
  readonly aggregates: Map<string, { readonly tags: Tags; readonly aggregate: Aggregate }>;
}

export interface FoldCounts {
  /** Events whose tags were beyond the cap of a metric; once a metric. */
  overflow: number;
  /** Events of type `metric` that have no usable measurement. */
  unusable: number;
  /** Events for which an expression of a definition had no value; once a metric. */
  unmeasured: number;
}

/** The metrics of one project in one second, while its events are folded in. */
class SecondFold {
  private readonly at: number;
  private readonly maxTagValues: number;
  private readonly counts: FoldCounts;
  private readonly events = new Map<string, EventCount>();
  private readonly eventCaps: TagCaps;
  private readonly users = new Aggregate();
  private readonly sessions = new Aggregate();
  private readonly series = new Map<string, Series>();
  /** By source, of those that are told apart: found for every event, so at less cost than among the series. */
  private readonly responseTimes = new Map<string, Aggregate>();
  private hasUsers = false;
  private hasSessions = false;

  constructor(at: number, maxTagValues: number, counts: FoldCounts) {
    this.at = at;
    this.maxTagValues = maxTagValues;
    this.counts = counts;
    this.eventCaps = new TagCaps(maxTagValues);
  }

  addBuiltIn(measures: BuiltInMeasures, time: number): void {
    const count = this.countOf(measures);
    count.events += 1;
    if (measures.isError) count.errors += 1;
    if (measures.user !== null) {
      this.users.addHash(measures.user);
      this.hasUsers = true;
    }
    if (measures.session !== null) {
      this.sessions.addHash(measures.session);
      this.hasSessions = true;
    }
    if (measures.responseTime !== null)
      this.responseTimesOf(measures.source).addValue(measures.responseTime, time, true);
  }

  /** What an event of type `metric` says was measured. */
  addSent(event: Event, time: number): void {
    const sent = sentMetricOf(event);
    if (sent === null || (!this.series.has(sent.name) && this.series.size >= mostSentMetrics)) {
      this.counts.unusable += 1;
      return;
    }
    this.addValue(sent.name, sent.type, sent.value, sent.tags, time);
  }

  addDefined(metric: DefinedMetric, event: Event, time: number): void {
    try {
      const measured = metric.measure(event);
      if (measured === null) return;
      if (metric.countsEvents) this.aggregateOf(metric.name, metric.type, measured.tags).addEvents(1);
      else this.addValue(metric.name, metric.type, measured.value, measured.tags, time);
    } catch {
      // The expression has no value for this event, as where a property is missing.
      this.counts.unmeasured += 1;
    }
  }

  *folded(): Iterable<FoldedMetric> {
    const { at } = this;
    for (const { tags, events, errors } of this.events.values()) {
      yield { name: 'events_total', type: 'counter', tags, second: at, packed: events };
      if (errors > 0) yield { name: 'error_count', type: 'counter', tags, second: at, packed: errors };
    }
    if (this.hasUsers)
      yield { name: 'active_users', type: 'gauge', tags: noTags, second: at, packed: this.users.pack() };
    if (this.hasSessions)
      yield {
        name: 'active_sessions',
        type: 'gauge',
        tags: noTags,
        second: at,
        packed: this.sessions.pack(),
      };
    for (const [name, { type, aggregates }] of this.series)
      for (const { tags, aggregate } of aggregates.values())
        yield { name, type, tags, second: at, packed: aggregate.pack() };
  }

  private addValue(name: string, type: MetricType, value: number, tags: Tags, time: number): void {
    const isDistribution = type === 'histogram' || type === 'timer';
    this.aggregateOf(name, type, tags).addValue(value, time, isDistribution);
  }

  private responseTimesOf(source: string): Aggregate {
    const known = this.responseTimes.get(source);
    if (known !== undefined) return known;
    const { overflow } = this.counts;
    const aggregate = this.aggregateOf('response_time', 'timer', { source });
    if (this.counts.overflow === overflow) this.responseTimes.set(source, aggregate);
    return aggregate;
  }

  private countOf({ type, source, severity }: BuiltInMeasures): EventCount {
    const key = `${type}\u0000${source}\u0000${severity}`;
    const known = this.events.get(key);
    if (known !== undefined) return known;
    const given = { type, source, severity };
    const tags = this.eventCaps.admit(given, this.at);
    if (tags === given) return this.newCount(key, tags);
    this.counts.overflow += 1;
    const kept = `${tags.type}\u0000${tags.source}\u0000${tags.severity}`;
    return this.events.get(kept) ?? this.newCount(kept, tags);
  }

  private newCount(key: string, tags: Tags): EventCount {
    const count = { tags, events: 0, errors: 0 };
    this.events.set(key, count);
    return count;
  }

  private aggregateOf(name: string, type: MetricType, given: Tags): Aggregate {
    let series = this.series.get(name);
    if (series === undefined) {
      series = { type, caps: new TagCaps(this.maxTagValues), aggregates: new Map() };
      this.series.set(name, series);
    }
    const tags = series.caps.admit(given, this.at);
    if (tags !== given) this.counts.overflow += 1;
    const key = seriesKey(tags);
    const known = series.aggregates.get(key);
    if (known !== undefined) return known.aggregate;
    const aggregate = new Aggregate();
    series.aggregates.set(key, { tags, aggregate });
    return aggregate;
  }
}

export interface EventFoldOptions {
  readonly maxTagValues: number;
  /** The definitions of a project as they are now. */
  readonly definitions: (project: string) => readonly DefinedMetric[];
  /** Leaves the built-in metrics and those sent as events out. */
  readonly definedAlone?: boolean;
  /** What is folded together, milliseconds; a second unless given. */
  readonly intervalMs?: number;
}

/** Folds events into what was measured in their seconds, by event time. */
export class EventFold {
  readonly counts: FoldCounts = { overflow: 0, unusable: 0, unmeasured: 0 };
  private readonly options: EventFoldOptions;
  private readonly intervalMs: number;
  private readonly projects = new Map<string, Map<number, SecondFold>>();

  constructor(options: EventFoldOptions) {
    this.options = options;
    this.intervalMs = options.intervalMs ?? second;
  }

  /** `time` is the event's, milliseconds since the epoch. */
  add(project: string, event: Event, time: number): void {
    const fold = this.foldOf(project, time);
    if (this.options.definedAlone !== true) {
      fold.addBuiltIn(builtInMeasuresOf(event), time);
      if (event.type === 'metric') fold.addSent(event, time);
    }
    for (const metric of this.options.definitions(project)) fold.addDefined(metric, event, time);
  }

  /**
   * Adds an event of which no more is known. Not for events of type `metric`, nor where the project has definitions:
   * see {@link needsWholeEvents}.
   */
  addMeasures(project: string, measures: BuiltInMeasures, time: number): void {
    this.foldOf(project, time).addBuiltIn(measures, time);
  }

  /** Whether events of the type have to be given whole. */
  needsWholeEvents(project: string, type: string): boolean {
    return type === 'metric' || this.options.definitions(project).length > 0;
  }

  private foldOf(project: string, time: number): SecondFold {
    const at = time - (time % this.intervalMs);
    let seconds = this.projects.get(project);
    if (seconds === undefined) {
      seconds = new Map();
      this.projects.set(project, seconds);
    }
    let fold = seconds.get(at);
    if (fold === undefined) {
      fold = new SecondFold(at, this.options.maxTagValues, this.counts);
      seconds.set(at, fold);
    }
    return fold;
  }

  /** What was folded since the last call, by project. */
  take(): ReadonlyMap<string, readonly FoldedMetric[]> {
    const taken = new Map<string, FoldedMetric[]>();
    for (const [project, seconds] of this.projects)
      taken.set(
        project,
        [...seconds.values()].flatMap((fold) => [...fold.folded()]),
      );
    this.projects.clear();
    return taken;
  }
}
