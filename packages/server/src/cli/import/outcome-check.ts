import { type EventsApi, StreamFlowApiError } from '@streamflow/client';
import { isLasting } from './delivery-pump.ts';
import { saySame, saysTheSame } from './same-event.ts';
import type { ReceivedWithin, SentEvent } from './sent-event.ts';
import { familyOf, overlap, type SentSpan, spanOf } from './sent-span.ts';

/*
 * An accepted event is durable, but only the event store knows whether its id was there before: the first with an id
 * stays. So ids are looked up some seconds behind the sending, when they are stored:
 *
 *   sent and accepted ──> pending ──stored, received with our request──> added
 *                            │    ──stored, received at another time──> read, and compared: repeated | conflicting
 *                            └──the store does not answer, or may not be asked──> unconfirmed
 *
 * Looking ids up one by one costs more than a tenth of an import, so those that follow one another are first counted: when
 * as many are stored and were received with our requests as were sent, all of them were new.
 *
 * The time of receipt is the server's word in both places, so no clock of ours is compared with it. What is pending is
 * bounded: an import runs only so far ahead of what is stored. Ids that are pending already are compared here.
 */

export interface OutcomeCounts {
  /** Events that were not there before. */
  added: number;
  /** Events that were there already, the same. */
  repeated: number;
  /** Events whose id was there already with other content: the first one stays. */
  conflicting: number;
  /** Accepted, and not looked up. */
  unconfirmed: number;
}

export interface OutcomeCheckOptions {
  readonly events: Pick<EventsApi, 'lookUp' | 'countReceived'>;
  /** Ends the looking up. */
  readonly interrupted: AbortSignal;
  /** Resolves after the time, or when the import is interrupted. */
  sleep(milliseconds: number): Promise<void>;
  /** Told once when the outcome cannot be found out. */
  onUnable(reason: string): void;
}

/** Ids of one look-up: as many as a block of storage has lines. */
const lookUpIds = 20_000;
const lookUpEvents = 1000;
/** Beyond so many events or bytes, sending waits. */
const maxPending = 150_000;
const maxPendingBytes = 128 * 1024 * 1024;
const firstPauseMs = 20;
const longestPauseMs = 500;
/** Waits for events to appear before they are given up: 30 s. */
const patience = 60;

/** Every so many waits all are asked for, in case the last one is never stored. */
const probesBetween = 8;

interface Pending {
  readonly json: string;
  from: number;
  to: number;
}

const notStored = 'they were accepted and are not stored yet';

export class OutcomeCheck {
  readonly counts: OutcomeCounts = { added: 0, repeated: 0, conflicting: 0, unconfirmed: 0 };
  readonly #options: OutcomeCheckOptions;
  readonly #pending = new Map<string, Pending>();
  /** What is pending and can be counted, oldest first; no two have an id in common, nor one with `#pending`. */
  #spans: SentSpan[] = [];
  #spanEvents = 0;
  #pendingBytes = 0;
  #finishing = false;
  #unable = false;
  #running: Promise<void> | null = null;

  constructor(options: OutcomeCheckOptions) {
    this.#options = options;
  }

  /** Takes events that were accepted; null when the server did not say when it received them. */
  add(events: readonly SentEvent[], received: ReceivedWithin | null): void {
    if (this.#unable || received === null) {
      this.counts.unconfirmed += events.length;
      return;
    }
    const span = spanOf(events, received);
    if (span !== null && this.#mayCount(span)) {
      this.#spans.push(span);
      this.#spanEvents += events.length;
      this.#pendingBytes += span.bytes;
    } else this.#addEach(events, received);
    if (this.#size >= lookUpIds) this.#start();
  }

  get #size(): number {
    return this.#pending.size + this.#spanEvents;
  }

  /** Whether none of its ids is pending; spans that it meets are from then on looked up id by id. */
  #mayCount(span: SentSpan): boolean {
    const met = this.#spans.filter((other) => overlap(span, other));
    this.#lookUpEach(met);
    return met.length === 0 && !span.events.some(({ id }) => this.#pending.has(id));
  }

  #lookUpEach(spans: readonly SentSpan[]): void {
    for (const span of spans) {
      this.#forget(span);
      this.#addEach(span.events, span.received);
    }
  }

  #forget(span: SentSpan): void {
    this.#spans = this.#spans.filter((other) => other !== span);
    this.#spanEvents -= span.events.length;
    this.#pendingBytes -= span.bytes;
  }

  #addEach(events: readonly SentEvent[], { from, to }: ReceivedWithin): void {
    for (const { id, json } of events) {
      const twin = this.#pending.get(id);
      if (twin === undefined) {
        this.#pending.set(id, { json, from, to });
        this.#pendingBytes += json.length;
        continue;
      }
      // Whichever of the two is stored, one of them was first.
      twin.from = Math.min(twin.from, from);
      twin.to = Math.max(twin.to, to);
      this.counts[saySame(twin.json, json) ? 'repeated' : 'conflicting'] += 1;
    }
  }

  /** Resolves when sending may go on. */
  async room(): Promise<void> {
    while (this.#size > maxPending || this.#pendingBytes > maxPendingBytes) {
      this.#start();
      await this.#options.sleep(firstPauseMs);
    }
  }

  /** Resolves when nothing is pending any more. */
  async finish(): Promise<void> {
    this.#finishing = true;
    this.#start();
    await this.#running;
  }

  /** Ends the looking up. */
  stop(): void {
    this.#giveUp(null);
  }

  #start(): void {
    this.#running ??= this.#lookUpAll().finally(() => {
      this.#running = null;
    });
  }

  async #lookUpAll(): Promise<void> {
    let pause = firstPauseMs;
    let waits = 0;
    while (!this.#unable && this.#size >= (this.#finishing ? 1 : lookUpIds)) {
      if (this.#options.interrupted.aborted) return this.#giveUp(null);
      if (this.#spans.length > 0) {
        const counted = await this.#countOldest();
        if (counted === null) return;
        if (counted) {
          pause = firstPauseMs;
          waits = 0;
          continue;
        }
        waits += 1;
        if (waits > patience) return this.#giveUp(notStored);
        await this.#options.sleep(pause);
        pause = Math.min(pause * 2, longestPauseMs);
        continue;
      }
      const ids = this.#oldest();
      // Events are stored about in the order of their acceptance: the last one tells whether it is time to ask for all.
      const probes = waits > 0 && waits % probesBetween !== 0;
      const asked = probes ? ids.slice(-1) : ids;
      const settled = await this.#lookUp(asked);
      if (settled === null) return;
      if (settled > 0) {
        pause = firstPauseMs;
        waits = 0;
      }
      if (settled > asked.length / 2) continue;
      waits += 1;
      if (waits > patience) return this.#giveUp(notStored);
      await this.#options.sleep(pause);
      pause = Math.min(pause * 2, longestPauseMs);
    }
  }

  /**
   * Counts the oldest spans together. True when they are settled, or known to need looking up id by id; false when not
   * all of them are stored yet; null when there is no use in asking.
   */
  async #countOldest(): Promise<boolean | null> {
    const spans = this.#oldestSpans();
    const { events, interrupted } = this.#options;
    const wanted = spans.reduce((sum, span) => sum + span.events.length, 0);
    try {
      const query = {
        first: least(spans.map((span) => span.first)),
        last: greatest(spans.map((span) => span.last)),
        receivedFrom: new Date(Math.min(...spans.map((span) => span.received.from))),
        receivedTo: new Date(Math.max(...spans.map((span) => span.received.to))),
      };
      const received = await events.countReceived(query, { signal: interrupted });
      if (received === wanted) {
        for (const span of spans) this.#forget(span);
        this.counts.added += wanted;
        return true;
      }
      const lasts = spans.map((span) => span.last);
      const stored = await events.lookUp(lasts, { signal: interrupted });
      if (stored.length < lasts.length) return false;
      this.#lookUpEach(spans);
      return true;
    } catch (error) {
      return this.#endsLookUps(error) ? null : false;
    }
  }

  /** Spans of one file that follow one another, as far as they go together. */
  #oldestSpans(): SentSpan[] {
    const [oldest] = this.#spans;
    if (oldest === undefined) return [];
    const family = familyOf(oldest.first);
    const chosen: SentSpan[] = [];
    let events = 0;
    for (const span of this.#spans) {
      if (!span.first.startsWith(family) || events + span.events.length > lookUpIds) break;
      chosen.push(span);
      events += span.events.length;
    }
    return chosen;
  }

  #oldest(): string[] {
    const ids: string[] = [];
    for (const id of this.#pending.keys()) if (ids.push(id) === lookUpIds) break;
    return ids;
  }

  /** How many of the ids are settled now; null when there is no use in asking. */
  async #lookUp(ids: readonly string[]): Promise<number | null> {
    const { events, interrupted } = this.#options;
    let settled = 0;
    try {
      const others: string[] = [];
      for (const { id, received_at } of await events.lookUp(ids, { signal: interrupted })) {
        const pending = this.#pending.get(id);
        if (pending === undefined) continue;
        const received = Date.parse(received_at);
        if (received < pending.from || received > pending.to) others.push(id);
        else settled += this.#settle(id, 'added');
      }
      for (let at = 0; at < others.length; at += lookUpEvents) {
        const part = others.slice(at, at + lookUpEvents);
        for (const { id, event } of await events.lookUp(part, { events: true, signal: interrupted })) {
          const pending = this.#pending.get(id);
          if (pending === undefined || event === undefined) continue;
          settled += this.#settle(id, saysTheSame(pending.json, event) ? 'repeated' : 'conflicting');
        }
      }
    } catch (error) {
      return this.#endsLookUps(error) ? null : settled;
    }
    return settled;
  }

  /** Whether the error ends all looking up, which it then has. */
  #endsLookUps(error: unknown): boolean {
    if (this.#options.interrupted.aborted) this.#giveUp(null);
    // A key that may not read, or no address of the storage service.
    else if (!(error instanceof StreamFlowApiError))
      this.#giveUp(error instanceof Error ? error.message : String(error));
    else if (isLasting(error)) this.#giveUp(error.message);
    else return false;
    return true;
  }

  #settle(id: string, outcome: 'added' | 'repeated' | 'conflicting'): number {
    this.#pendingBytes -= this.#pending.get(id)?.json.length ?? 0;
    this.#pending.delete(id);
    this.counts[outcome] += 1;
    return 1;
  }

  #giveUp(reason: string | null): void {
    this.#unable = true;
    this.counts.unconfirmed += this.#size;
    this.#pending.clear();
    this.#spans = [];
    this.#spanEvents = 0;
    this.#pendingBytes = 0;
    if (reason !== null) this.#options.onUnable(reason);
  }
}

const least = (ids: readonly string[]): string => ids.reduce((a, b) => (a < b ? a : b));
const greatest = (ids: readonly string[]): string => ids.reduce((a, b) => (a > b ? a : b));
