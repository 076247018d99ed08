import type { MetricType } from '@streamflow/contracts';
import { isBuiltInMetric } from './built-in-metrics.ts';
import type { FoldedMetric } from './folded-metric.ts';
import type { MetricGroup, MetricRead } from './live-metrics.ts';
import { MetricRing } from './metric-ring.ts';

/** Metrics of a project beside the built-in ones; the rest is counted as overflow. */
const mostMetrics = 1000;

/** The rings of all metrics of all projects. */
export class MetricRings {
  private readonly maxTagValues: number;
  private readonly projects = new Map<string, Map<string, MetricRing>>();
  private now = Number.NEGATIVE_INFINITY;
  /** Combinations of metric, tags and second that were merged into `__other__`, or had no place. */
  overflow = 0;

  constructor(maxTagValues: number) {
    this.maxTagValues = maxTagValues;
  }

  add(project: string, folded: Iterable<FoldedMetric>): void {
    const metrics = this.metricsOf(project);
    for (const one of folded) {
      const ring = metrics.get(one.name) ?? this.newRing(metrics, one);
      if (ring === null || ring.add(one)) this.overflow += 1;
    }
  }

  /** Puts these in the place of what was measured in the span: of the metric, or of all of them. */
  replace(
    project: string,
    span: { readonly from: number; readonly to: number; readonly metric?: string },
    folded: Iterable<FoldedMetric>,
  ): void {
    for (const [name, ring] of this.metricsOf(project))
      if (span.metric === undefined || span.metric === name) ring.clear(span.from, span.to);
    this.add(project, folded);
  }

  advance(now: number): void {
    this.now = now;
    for (const metrics of this.projects.values())
      for (const [name, ring] of metrics) {
        ring.advance(now);
        if (ring.isEmpty) metrics.delete(name);
      }
  }

  read({ project, metric, from, to, groupBy = [] }: MetricRead): readonly MetricGroup[] {
    return this.projects.get(project)?.get(metric)?.read(from, to, groupBy) ?? [];
  }

  typeOf(project: string, metric: string): MetricType | null {
    return this.projects.get(project)?.get(metric)?.type ?? null;
  }

  /** Names of the metrics of a project that are not built in. */
  namesOf(project: string): string[] {
    const names = this.projects.get(project)?.keys() ?? [];
    return [...names].filter((name) => !isBuiltInMetric(name)).sort();
  }

  private metricsOf(project: string): Map<string, MetricRing> {
    let metrics = this.projects.get(project);
    if (metrics === undefined) {
      metrics = new Map();
      this.projects.set(project, metrics);
    }
    return metrics;
  }

  private newRing(metrics: Map<string, MetricRing>, { name, type }: FoldedMetric): MetricRing | null {
    if (metrics.size >= mostMetrics && !isBuiltInMetric(name)) return null;
    const ring = new MetricRing(type, this.maxTagValues);
    ring.advance(this.now);
    metrics.set(name, ring);
    return ring;
  }
}
