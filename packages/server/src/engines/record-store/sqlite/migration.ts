/** One step forward. There are no steps back. */
export interface Migration {
  /** Counts from 1 without gaps. */
  readonly version: number;
  /** May be run again on a schema that has it already. */
  readonly sql: string;
}
