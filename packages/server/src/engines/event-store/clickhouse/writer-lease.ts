import { unavailable } from '../../../domain/errors.ts';
import type { Log } from '../../../domain/log.ts';
import { unrepeated } from './id-list-sql.ts';
import type { Layout } from './layout.ts';
import type { Statements } from './statements.ts';

export interface WriterLeaseOptions {
  readonly statements: Statements;
  readonly layout: Layout;
  readonly database: string;
  /** Names this process; no other ever has the name. */
  readonly holder: string;
  /** Milliseconds, by the server's clock, after which a claim that was not followed by another has lapsed. */
  readonly leaseMs: number;
  /** Milliseconds before that at which its holder sends no more inserts: what one may be on its way. */
  readonly marginMs: number;
  /** Milliseconds that an insert may run. */
  readonly insertMs: number;
  readonly log: Log;
}

/*
 * ClickHouse has no unique keys: ids stay unique because one process looks them up and inserts, and no other in
 * between. Who that is, is agreed in a table of claims, each with the next number. A claim is an insert whose
 * deduplication token is its number, so that of several claims of the same number the server keeps one, and whoever
 * reads its own name behind the number has won.
 *
 *   waiting ── the last claim is released, lapsed or none: claim the next number, and win ──> clearing
 *   clearing ── no insert of another writer runs any more (they are ended, or their time is over) ──> writing
 *   writing ── claims the next number every third of a lease, and wins ──> writing
 *   any ── another has won the number ──> waiting
 *
 * - Within `writing`, an insert is sent only in the part of the lease that leaves `marginMs`, counted on this process's
 *   monotonic clock from before the claim was sent. So when another can win, all inserts have been sent for that long,
 *   and are seen and ended by `clearing`.
 * - A term lasts from one `clearing` to the loss of the lease. What was looked up in one term is worth nothing in the
 *   next.
 * - Claims follow each other in one sequence, renewals too: a renewal and a taking over cannot both win.
 * - Left open: a request that the network holds back for longer than `marginMs`, whose sender has died meanwhile.
 */

/** The right of one process to append, over all that share a ClickHouse server and database. */
export class WriterLease {
  readonly #options: WriterLeaseOptions;
  #term = 0;
  #held: { readonly number: number; readonly sendUntil: number } | null = null;
  #attempt: Promise<void> | null = null;
  #renewal: NodeJS.Timeout | undefined;
  #lost = new AbortController();
  #closed = false;

  constructor(options: WriterLeaseOptions) {
    this.#options = options;
  }

  /** Aborted when the present term ends. */
  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  /** The present term, begun when there is none and no other process writes; `ServiceUnavailable` when one does. */
  async hold(): Promise<number> {
    if (!this.#inTime()) await this.#claimOnce();
    return this.#term;
  }

  /** Before each insert of a term; `ServiceUnavailable` when it must not be sent any more. */
  check(term: number): void {
    if (term !== this.#term || !this.#inTime()) throw unavailable('The right to store events was lost');
  }

  /** What every insert carries, so that a successor can find and end it. */
  get comment(): string {
    return `${commentPrefix}${this.#options.holder}`;
  }

  /**
   * Ends the term. @param clean whether no insert may still be on its way: then the next writer need not wait.
   */
  async close(clean: boolean): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#renewal);
    await this.#attempt?.catch(() => undefined);
    const held = this.#held;
    this.#lose();
    if (held === null || !clean) return;
    try {
      await this.#insert(held.number + 1, '');
    } catch (error) {
      this.#options.log.warning('The right to store events was not given back; it lapses', { error });
    }
  }

  #inTime(): boolean {
    return this.#held !== null && performance.now() < this.#held.sendUntil;
  }

  #claimOnce(): Promise<void> {
    this.#attempt ??= this.#claim().finally(() => {
      this.#attempt = null;
    });
    return this.#attempt;
  }

  async #claim(): Promise<void> {
    if (this.#closed) throw unavailable('The event store is closed');
    const { holder, leaseMs, log } = this.#options;
    const last = await this.#last();
    if (last.holder !== holder && last.holder !== '' && last.age < leaseMs) {
      this.#lose();
      throw unavailable('Another process has the right to store events');
    }
    // What another wrote since then was not looked up in this term.
    if (last.holder !== holder) this.#lose();
    await this.#take(last.number + 1);
    if (this.#held !== null) return;
    await this.#clear();
    // Clearing may have taken most of the lease.
    const begun = await this.#take(last.number + 2);
    this.#term += 1;
    this.#held = begun;
    this.#lost = new AbortController();
    log.info('This process stores events from now on', { holder, taken_from: last.holder });
    this.#renewLater();
  }

  /** Claims the number; rejects when another has it. Prolongs the present term, if there is one. */
  async #take(number: number): Promise<{ readonly number: number; readonly sendUntil: number }> {
    const { holder, leaseMs, marginMs } = this.#options;
    const sendUntil = performance.now() + leaseMs - marginMs;
    await this.#insert(number, holder);
    const rows = await this.#rows(
      'SELECT holder, (SELECT max(number) FROM writer_claims) AS newest FROM writer_claims WHERE number = {number:UInt64}',
      { number },
    );
    // A process that stood still for long may claim a number whose token is forgotten; there are newer ones then.
    const won =
      rows.length > 0 && rows.every((row) => row.holder === holder && Number(row.newest) === number);
    if (!won) {
      this.#lose();
      throw unavailable('Another process has the right to store events');
    }
    if (number % keptClaims === 0) await this.#forget(number - keptClaims);
    const taken = { number, sendUntil };
    if (this.#held !== null) this.#held = taken;
    return taken;
  }

  #renewLater(): void {
    clearTimeout(this.#renewal);
    if (this.#closed) return;
    this.#renewal = setTimeout(() => {
      this.#claimOnce().then(
        () => this.#renewLater(),
        (error: unknown) => {
          if (this.#held === null) return;
          this.#options.log.warning('The right to store events was not renewed', { error });
          this.#renewLater();
        },
      );
    }, this.#options.leaseMs / 3);
    this.#renewal.unref();
  }

  #lose(): void {
    if (this.#held === null) return;
    this.#held = null;
    clearTimeout(this.#renewal);
    this.#lost.abort();
    if (!this.#closed) this.#options.log.warning('This process stores events no longer');
  }

  /** Ends the inserts of all other writers, and waits until none runs. */
  async #clear(): Promise<void> {
    const { statements, layout, database, insertMs } = this.#options;
    const parameters = { own: this.comment, database, prefix: commentPrefix };
    const until = performance.now() + insertMs;
    for (;;) {
      const [row] = await this.#rows(
        `SELECT count() AS running FROM ${layout.processes} WHERE ${ofOthers}`,
        parameters,
      );
      if (Number(row?.running) === 0) return;
      if (performance.now() > until)
        throw unavailable('Inserts of the process that stored events before go on');
      await statements.command(`KILL QUERY${layout.onCluster} WHERE ${ofOthers} ASYNC`, parameters);
      await new Promise((resolve) => setTimeout(resolve, pollMs));
    }
  }

  async #last(): Promise<{ readonly number: number; readonly holder: string; readonly age: number }> {
    const [row] = await this.#rows(
      "SELECT number, holder, dateDiff('millisecond', claimed_at, now64(3)) AS age FROM writer_claims ORDER BY number DESC LIMIT 1",
      {},
    );
    return {
      number: Number(row?.number ?? 0),
      holder: String(row?.holder ?? ''),
      age: Number(row?.age ?? 0),
    };
  }

  async #forget(number: number): Promise<void> {
    await this.#options.statements.command(
      'ALTER TABLE writer_claims DELETE WHERE number < {number:UInt64}',
      { number },
    );
  }

  #rows(sql: string, parameters: Readonly<Record<string, unknown>>) {
    return this.#options.statements.rows(sql, parameters, { settings: unrepeated });
  }

  async #insert(number: number, holder: string): Promise<void> {
    await this.#options.statements.insert(
      'INSERT INTO writer_claims (number, holder) FORMAT JSONEachRow',
      Buffer.from(`${JSON.stringify({ number, holder })}\n`),
      { async_insert: 0, insert_deduplicate: 1, insert_deduplication_token: `writer claim ${number}` },
    );
  }
}

const commentPrefix = 'streamflow writer ';
const pollMs = 100;
/** Claims that are kept when older ones are removed: half a day of renewals. */
const keptClaims = 10_000;
const ofOthers =
  "current_database = {database:String} AND startsWith(Settings['log_comment'], {prefix:String}) AND Settings['log_comment'] != {own:String}";
