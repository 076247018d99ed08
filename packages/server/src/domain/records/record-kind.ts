import type { Static, TObject } from 'typebox';
import { Compile } from 'typebox/compile';

/** How a field is kept. `caseless` is text that is compared without regard to the case of ASCII letters. */
export type ColumnType = 'text' | 'caseless' | 'integer' | 'boolean' | 'json';

/** What every record has beside the fields of its kind. */
export interface RecordBase {
  /** Unique in its project. */
  readonly id: string;
  readonly project: string;
  /** 1 at first, one more with each update; see `unversioned` for those that do not count. */
  readonly version: number;
  /** Milliseconds since the epoch. */
  readonly created_at: number;
  /** Milliseconds since the epoch; goes with `version`. */
  readonly updated_at: number;
}

export type Stored<T> = Readonly<T> & RecordBase;
export type FieldName<T> = keyof T & string;

/** A kind of record: the table of that name, its fields, and what the engine promises about them. */
export interface RecordKind<T> {
  /** Name of the table. */
  readonly name: string;
  readonly columns: { readonly [K in FieldName<T>]: ColumnType };
  /** Sets of fields (`project` among them, where it is meant) that no two records share. */
  readonly unique: readonly (readonly (FieldName<T> | 'project')[])[];
  /** Fields by whose value a list may be narrowed. */
  readonly filters: readonly FieldName<T>[];
  /** Fields, never null, by which a list may be ordered; `created_at` always may. */
  readonly orders: readonly FieldName<T>[];
  /** Fields that only note something in passing: a write of these alone keeps `version` and `updated_at`. */
  readonly unversioned: readonly FieldName<T>[];
  /** Whether the value has the fields of this kind. */
  is(value: unknown): value is T;
}

export function defineRecordKind<S extends TObject>(
  schema: S,
  kind: Omit<RecordKind<Static<S>>, 'is'>,
): RecordKind<Static<S>> {
  const validator = Compile(schema);
  return { ...kind, is: (value): value is Static<S> => validator.Check(value) };
}
