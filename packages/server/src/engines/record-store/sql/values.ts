import type { RecordKind } from '../../../domain/records/record-kind.ts';
import type { Dialect, SqlValue } from './dialect.ts';
import { toSql, typeOf } from './rows.ts';

/** The values of a statement, in the order in which its text refers to them; no value is ever part of the text. */
export class Values<T> {
  readonly all: SqlValue[] = [];
  readonly #dialect: Dialect;
  readonly #kind: RecordKind<T>;

  constructor(dialect: Dialect, kind: RecordKind<T>) {
    this.#dialect = dialect;
    this.#kind = kind;
  }

  /** Adds a field's value and returns what stands for it. */
  add(name: string, value: unknown): string {
    this.all.push(toSql(this.#dialect, typeOf(this.#kind, name), value));
    return this.#dialect.placeholder(this.all.length);
  }

  /** A column, or what stands for a value of it, as it is compared and ordered. */
  compared(name: string, expression = name): string {
    return this.#dialect.compared(expression, typeOf(this.#kind, name));
  }

  /** A condition that the field has the value. */
  equals(name: string, value: unknown): string {
    if (value === null || value === undefined) return `${name} is null`;
    return `${this.compared(name)} = ${this.compared(name, this.add(name, value))}`;
  }

  /** A condition that finds one record. */
  ref({ project, id }: { readonly project: string; readonly id: string }): string {
    return `${this.equals('project', project)} and ${this.equals('id', id)}`;
  }
}
