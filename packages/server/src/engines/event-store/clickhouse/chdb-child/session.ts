import { Session } from 'chdb';
import { quotedIdentifier, stringLiteral } from './literals.ts';
import type { StatementRequest } from './statement-request.ts';

/** Longer values of parameters are not left behind in the session. */
const keptParameterLength = 64 * 1024;

export interface StatementSummary {
  readonly rowsRead: number;
  readonly bytesRead: number;
}

/**
 * A connection to the engine. It carries settings and parameters as state and runs one statement at a time; whoever
 * uses it must wait for its turn.
 *
 * Parameters are given by `SET param_…` on the connection: the library's own binding keeps them in a place that all
 * connections share, and lets only one statement with parameters run in the whole process.
 */
export class EngineSession {
  readonly #session: Session;
  readonly #settings = new Map<string, string>();
  readonly #longParameters = new Set<string>();
  #database = 'default';

  constructor(directory: string, engineArguments: readonly string[]) {
    this.#session = new Session(directory, { connectionArgs: engineArguments });
  }

  /** Runs a statement to its end and returns its whole output. */
  async run(
    request: StatementRequest,
    mark: string,
  ): Promise<{ output: Uint8Array; summary: StatementSummary }> {
    await this.#prepare(request, mark);
    const sql = request.data === null ? request.sql : `${request.sql}\n${request.data.toString()}`;
    const result = await this.#session.queryAsync(sql, { format: request.defaultFormat });
    return { output: result.bytes(), summary: { rowsRead: result.rowsRead, bytesRead: result.bytesRead } };
  }

  /** Runs a query and yields its output as it is made. */
  async *stream(request: StatementRequest, mark: string): AsyncGenerator<Uint8Array> {
    await this.#prepare(request, mark);
    for await (const chunk of this.#session.queryStream(request.sql, { format: request.defaultFormat })) {
      yield chunk.raw();
    }
  }

  async execute(sql: string): Promise<void> {
    await this.#session.queryAsync(sql, { format: 'Null' });
  }

  close(): void {
    this.#session.close();
  }

  /**
   * Brings the connection into the state that a fresh one would have with the request's settings and parameters. The
   * mark goes into `log_comment`, by which the statement can be found and ended: the engine chooses query ids itself.
   */
  async #prepare(request: StatementRequest, mark: string): Promise<void> {
    const wanted = new Map(request.settings).set('log_comment', mark);
    const assignments: string[] = [];
    for (const name of this.#settings.keys()) {
      if (!wanted.has(name)) assignments.push(`${name} = DEFAULT`);
    }
    for (const [name, value] of wanted) {
      if (this.#settings.get(name) !== value) assignments.push(`${name} = ${stringLiteral(value)}`);
    }
    for (const name of this.#longParameters) {
      if (!request.parameters.has(name)) assignments.push(`param_${name} = ''`);
    }
    for (const [name, value] of request.parameters) {
      assignments.push(`param_${name} = ${stringLiteral(value)}`);
    }
    if (request.database !== this.#database) {
      await this.execute(`USE ${quotedIdentifier(request.database)}`);
      this.#database = request.database;
    }
    try {
      // Nothing to assign: the same statement twice, with a comment of its own.
      if (assignments.length > 0) await this.execute(`SET ${assignments.join(', ')}`);
    } catch (error) {
      await this.#reset([...this.#settings.keys(), ...request.settings.keys()]);
      throw error;
    }
    this.#settings.clear();
    for (const [name, value] of wanted) this.#settings.set(name, value);
    this.#longParameters.clear();
    for (const [name, value] of request.parameters) {
      if (value.length > keptParameterLength) this.#longParameters.add(name);
    }
  }

  /** After a failed SET it is unknown which assignments were made: back to the defaults, one by one. */
  async #reset(names: readonly string[]): Promise<void> {
    for (const name of names) {
      // A name that the engine does not know has no state to reset.
      await this.execute(`SET ${name} = DEFAULT`).catch(() => undefined);
    }
    this.#settings.clear();
  }
}
