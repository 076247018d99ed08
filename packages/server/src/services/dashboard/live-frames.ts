import type { EventParts, SnapshotSecond } from '@streamflow/contracts';
import { readFigure, readFigureByTags, readFigures } from '../../domain/metrics/live-figures.ts';
import type { LiveMetrics } from '../../domain/metrics/live-metrics.ts';

const second = 1000;
/** How much a snapshot tells, milliseconds. */
const snapshotLength = 300_000;

/** The names of the figures that a reader wants; null for all. */
export type Selection = ReadonlySet<string> | null;

export type Figures = Record<string, number | null>;

/** All figures of the second that ends at a time, and the metrics that were defined or sent. */
export function figuresAt(live: LiveMetrics, project: string, end: number): Figures {
  const span = { project, from: end - second, to: end };
  const figures: Figures = { ...readFigures(live, span) };
  for (const name of live.namesOf(project)) figures[name] = readFigure(live, { ...span, name });
  return figures;
}

export function select(figures: Figures, selection: Selection): Figures {
  if (selection === null) return figures;
  return Object.fromEntries([...selection].map((name) => [name, figures[name] ?? null]));
}

/** Events of the second that ends at a time, in parts. */
export function partsAt(live: LiveMetrics, project: string, end: number): EventParts {
  const parts: EventParts = { type: {}, source: {}, severity: {} };
  const groupBy = ['type', 'source', 'severity'];
  for (const { tags, value } of readFigureByTags(live, {
    project,
    name: 'events_total',
    from: end - second,
    to: end,
    groupBy,
  })) {
    const [type = '', source = '', severity = ''] = tags;
    const count = value ?? 0;
    parts.type[type] = (parts.type[type] ?? 0) + count;
    parts.source[source] = (parts.source[source] ?? 0) + count;
    parts.severity[severity] = (parts.severity[severity] ?? 0) + count;
  }
  return parts;
}

/** The seconds before a time in which anything happened, oldest first. */
export function secondsBefore(live: LiveMetrics, project: string, end: number): SnapshotSecond[] {
  const seconds: SnapshotSecond[] = [];
  for (let at = end - snapshotLength; at < end; at += second) {
    const events = readFigure(live, { project, from: at, to: at + second, name: 'events_total' }) ?? 0;
    if (events > 0) seconds.push(secondAt(live, project, at));
  }
  return seconds;
}

/** What a snapshot tells of the second that begins at a time. */
export function secondAt(live: LiveMetrics, project: string, at: number): SnapshotSecond {
  const span = { project, from: at, to: at + second };
  return {
    timestamp: new Date(at).toISOString(),
    events_total: readFigure(live, { ...span, name: 'events_total' }) ?? 0,
    error_count: readFigure(live, { ...span, name: 'error_count' }) ?? 0,
    response_time_avg: readFigure(live, { ...span, name: 'response_time_avg' }),
    by: partsAt(live, project, at + second),
  };
}
