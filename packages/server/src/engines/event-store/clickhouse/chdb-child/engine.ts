import { drainPending } from 'chdb';
import { stringLiteral } from './literals.ts';
import { EngineSession, type StatementSummary } from './session.ts';
import { SessionPool } from './session-pool.ts';
import { statementKind } from './statement-kind.ts';
import type { StatementRequest } from './statement-request.ts';

export interface EngineOptions {
  readonly directory: string;
  /** Command-line arguments of the engine, `--name=value`. */
  readonly engineArguments: readonly string[];
  /** Queries that run at the same time. */
  readonly readers: number;
}

const maxWaitingReads = 1000;
const maxWaitingWrites = 10_000;
const fatalSignals = ['SIGSEGV', 'SIGABRT', 'SIGBUS', 'SIGILL', 'SIGFPE', 'SIGTRAP'] as const;

/** Takes what a statement gives: chunks of output first, then its figures. */
export interface StatementOutput {
  write(chunk: Uint8Array): Promise<void>;
}

/** The engine on one directory: a connection for writes, some for reads, one for control. */
export class Engine {
  readonly #sessions: EngineSession[] = [];
  readonly #pools: Readonly<Record<'read' | 'write' | 'control', SessionPool>>;
  #statements = 0;

  constructor(options: EngineOptions) {
    const open = (): EngineSession => {
      const session = new EngineSession(options.directory, options.engineArguments);
      this.#sessions.push(session);
      return session;
    };
    const writer = open();
    restoreFatalSignals();
    this.#pools = {
      write: new SessionPool([writer], maxWaitingWrites),
      read: new SessionPool(Array.from({ length: options.readers }, open), maxWaitingReads),
      control: new SessionPool([open()], maxWaitingReads),
    };
  }

  /**
   * Runs a statement. When the signal fires, a statement that waits is dropped, a query that runs is ended, and a
   * write that runs goes on to its end.
   */
  async run(
    request: StatementRequest,
    output: StatementOutput,
    signal: AbortSignal,
  ): Promise<StatementSummary | null> {
    const kind = statementKind(request.sql);
    this.#statements += 1;
    const mark = request.settings.get('log_comment') ?? `statement-${this.#statements}`;
    return this.#pools[kind].use(signal, async (session) => {
      const end = (): void => {
        void this.#end(mark);
      };
      if (kind === 'read') signal.addEventListener('abort', end, { once: true });
      try {
        if (kind === 'read' && !request.waitEndOfQuery) {
          for await (const chunk of session.stream(request, mark)) {
            signal.throwIfAborted();
            await output.write(chunk);
          }
          return null;
        }
        const result = await session.run(request, mark);
        if (result.output.length > 0) await output.write(result.output);
        return result.summary;
      } finally {
        signal.removeEventListener('abort', end);
      }
    });
  }

  /** Rejects unless the engine runs a statement. */
  async ping(signal: AbortSignal): Promise<void> {
    await this.#pools.control.use(signal, (session) => session.execute('SELECT 1'));
  }

  async close(): Promise<void> {
    // SYNC never returns in this library.
    await this.#pools.control.use(new AbortController().signal, (session) =>
      session.execute("KILL QUERY WHERE query NOT ILIKE 'INSERT%' AND query NOT ILIKE 'KILL%' ASYNC"),
    );
    await drainPending();
    for (const session of this.#sessions) session.close();
    await drainPending();
  }

  async #end(mark: string): Promise<void> {
    const sql = `KILL QUERY WHERE Settings['log_comment'] = ${stringLiteral(mark)} ASYNC`;
    // A query that cannot be ended stays within its own max_execution_time.
    await this.#pools.control
      .use(new AbortController().signal, (session) => session.execute(sql))
      .catch(() => undefined);
  }
}

/**
 * The library's handlers of fatal signals hang for minutes before the process dies. Adding and removing a handler of
 * our own puts the default action back.
 */
function restoreFatalSignals(): void {
  const nothing = (): void => {};
  for (const signal of fatalSignals) {
    process.on(signal, nothing);
    process.off(signal, nothing);
  }
}
