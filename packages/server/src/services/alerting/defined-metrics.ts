import type { CountedEvents } from '../../domain/expressions/condition.ts';
import type { MeasuredDefinition } from '../../domain/metrics/defined-metric.ts';

/** The metrics that users define, as those who measure them keep them. */
export interface DefinedMetrics {
  list(project: string): Promise<readonly MeasuredDefinition[]>;
  /** Has events counted under a name from now on; once more changes nothing. */
  count(project: string, counted: CountedEvents): Promise<void>;
}
