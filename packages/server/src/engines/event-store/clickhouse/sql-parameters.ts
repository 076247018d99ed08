/** Values that SQL refers to as `{p1:Type}`; no value is ever part of the SQL itself. */
export class SqlParameters {
  readonly values: Record<string, unknown> = {};
  #count = 0;

  /** Adds a value and returns what stands for it in the SQL. */
  add(type: string, value: unknown): string {
    this.#count += 1;
    const name = `p${this.#count}`;
    this.values[name] = value;
    return `{${name}:${type}}`;
  }
}
