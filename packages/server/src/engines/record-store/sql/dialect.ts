import type { ColumnType } from '../../../domain/records/record-kind.ts';

export type SqlValue = string | number | boolean | null;
export type Row = Readonly<Record<string, unknown>>;

/** A statement and the values that it refers to, in their order. */
export interface Statement {
  readonly sql: string;
  readonly values: readonly SqlValue[];
}

/** Runs a statement on the connection that it belongs to; those that give no rows give none. */
export type Execute = (statement: Statement) => Promise<readonly Row[]>;

/** Where the databases differ in how they say the same. */
export interface Dialect {
  /** What stands for the value at a position, from 1. */
  placeholder(position: number): string;
  /** An expression by which values of the type are compared and ordered: text by its bytes, `caseless` apart from case. */
  compared(expression: string, type: ColumnType): string;
  /** How a truth is kept. */
  truth(value: boolean): SqlValue;
}

/** How tables are declared. */
export interface SchemaDialect {
  readonly text: string;
  readonly caseless: string;
  /** 64 bits. */
  readonly integer: string;
  truth(column: string): string;
  json(column: string): string;
  /** Stands behind the columns of a table. */
  readonly tableEnd: string;
  /** As in `Dialect`; for indexes. */
  compared(expression: string, type: ColumnType): string;
}

/** One step forward, written once for every dialect. There are no steps back. */
export interface RecordMigration {
  /** Counts from 1 without gaps. */
  readonly version: number;
  readonly name: string;
  /** May be run again on a schema that has it already. */
  sql(dialect: SchemaDialect): string;
}
