/** One record of a file: a line of NDJSON, an element of a list, a row of CSV. */
export interface SourceRecord {
  /** Position among the records of the file, from 1; those that cannot be read count too. */
  readonly ordinal: number;
  /** Line at which it starts, from 1. */
  readonly line: number;
  /** What stands in the file: the same bytes give the same text. */
  readonly text: string;
  /** Its fields. */
  readonly value: Record<string, unknown>;
  /** Whether `text` is the JSON of `value`. */
  readonly isJson: boolean;
}

/** A record that cannot be read or taken. */
export interface Problem {
  readonly line: number;
  readonly reason: string;
}

/** Some records of a file, in their order, as many as were at hand. */
export interface RecordChunk {
  readonly records: readonly SourceRecord[];
  readonly problems: readonly Problem[];
}

/** Reads the bytes of a file as records. */
export type RecordReader = (bytes: AsyncIterable<Buffer>) => AsyncGenerator<RecordChunk, void, undefined>;

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
