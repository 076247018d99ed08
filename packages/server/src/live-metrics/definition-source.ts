import { compileDefinition, type DefinedMetric } from '../domain/metrics/defined-metric.ts';
import { metricDefinitions } from '../domain/records/metric-definitions.ts';
import type { Log } from '../domain/log.ts';
import type { Timers } from '../domain/timers.ts';
import type { RecordReader } from '../engines/record-store/port.ts';

/** How long a change of a definition may take to be seen, milliseconds. */
const refreshMs = 2000;
/** Definitions of a project that are measured, oldest first. */
export const mostDefinitions = 200;

export interface DefinitionSource {
  /** The enabled definitions of a project, as they were at most two seconds ago. */
  of(project: string): readonly DefinedMetric[];
  /** Resolves when those of the project have been read once, or cannot be. */
  ready(project: string): Promise<void>;
  start(): void;
  stop(): void;
}

/** The metric definitions of the record store, compiled, and read again every two seconds. */
export function createDefinitionSource(options: {
  readonly records: Pick<RecordReader, 'list'>;
  readonly timers: Timers;
  readonly log: Log;
}): DefinitionSource {
  const { records, timers, log } = options;
  const projects = new Map<string, { compiled: readonly DefinedMetric[]; seen: string }>();
  const reading = new Map<string, Promise<void>>();
  let cancel = (): void => {};
  let isRunning = false;
  let isAway = false;

  async function read(project: string): Promise<void> {
    try {
      const { records: found } = await records.list(metricDefinitions, {
        project,
        where: { enabled: true },
        limit: mostDefinitions,
      });
      isAway = false;
      const seen = found.map(({ id, version }) => `${id}:${version}`).join();
      if (projects.get(project)?.seen === seen) return;
      const compiled = found.flatMap((definition) => {
        const made = compileDefinition(definition);
        if ('metric' in made) return [made.metric];
        log.error('A metric definition does not compile and is not measured', {
          metric: definition.name,
          issues: made.issues,
        });
        return [];
      });
      projects.set(project, { compiled, seen });
    } catch (error) {
      if (!isAway) log.warning('Metric definitions cannot be read; those known stay', { error });
      isAway = true;
      if (!projects.has(project)) projects.set(project, { compiled: [], seen: '' });
    }
  }

  function ready(project: string): Promise<void> {
    let first = reading.get(project);
    if (first === undefined) {
      first = read(project);
      reading.set(project, first);
    }
    return first;
  }

  async function refresh(): Promise<void> {
    await Promise.all([...projects.keys()].map(read));
    if (isRunning) cancel = timers.after(refreshMs, () => void refresh());
  }

  return {
    of: (project) => projects.get(project)?.compiled ?? [],
    ready,
    start() {
      if (isRunning) return;
      isRunning = true;
      cancel = timers.after(refreshMs, () => void refresh());
    },
    stop() {
      isRunning = false;
      cancel();
    },
  };
}
