import type { CountedEvents } from '../../domain/expressions/condition.ts';

/** The metrics that users define, as those who measure them keep them. */
export interface DefinedMetrics {
  list(project: string): Promise<
    readonly {
      readonly name: string;
      readonly type: 'counter' | 'gauge' | 'histogram' | 'timer';
      /** By name the tags that it can be read in parts by. */
      readonly group_by: Readonly<Record<string, string>>;
    }[]
  >;
  /** Has events counted under a name from now on; once more changes nothing. */
  count(project: string, counted: CountedEvents): Promise<void>;
}
