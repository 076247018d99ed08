import type { StreamFlowApiError } from './api-error.ts';
import type { Deliver } from './delivery.ts';
import type { Environment } from './environment.ts';
import type { DeliverySettings } from './options.ts';
import { type ErrorHook, TrackError } from './track-error.ts';
import type { TrackedEvent } from './track-event.ts';

/*
 * Tracked events wait in a queue, in the order of tracking. A batch is taken from its head when one is full (events or
 * bytes), when its first event has waited long enough, or when somebody flushes; at most `maxInFlight` batches are on
 * their way. An event leaves memory when it is answered, so the bounds of the queue hold for batches under way too.
 *
 * Events are numbered from 1. Everything up to `#due` is to be sent without waiting for a full batch.
 */

interface Batch {
  readonly first: number;
  readonly events: readonly TrackedEvent[];
  readonly bytes: number;
}

export interface SenderDependencies {
  readonly deliver: Deliver;
  readonly settings: DeliverySettings;
  readonly environment: Environment;
  readonly onError: ErrorHook;
}

export class EventSender {
  readonly #deliver: Deliver;
  readonly #settings: DeliverySettings;
  readonly #environment: Environment;
  readonly #onError: ErrorHook;
  readonly #abort = new AbortController();

  #queue: TrackedEvent[] = [];
  /** Number of the event at the head of the queue. */
  #head = 1;
  #due = 0;
  #queuedBytes = 0;
  #cancelTimer: (() => void) | undefined;
  readonly #inFlight = new Set<Batch>();
  #inFlightEvents = 0;
  #inFlightBytes = 0;
  /** Whether `onError` knows that sending is held up; until the next success. */
  #heldUp = false;
  readonly #flushes = new Set<{ readonly upTo: number; readonly done: () => void }>();

  constructor({ deliver, settings, environment, onError }: SenderDependencies) {
    this.#deliver = deliver;
    this.#settings = settings;
    this.#environment = environment;
    this.#onError = onError;
  }

  /** Events in memory: waiting or under way. */
  get pending(): number {
    return this.#queue.length + this.#inFlightEvents;
  }

  /** Events in memory, oldest first: for a last try while a page goes away. */
  unanswered(): readonly TrackedEvent[] {
    const batches = [...this.#inFlight].sort((a, b) => a.first - b.first);
    return [...batches.flatMap((batch) => batch.events), ...this.#queue];
  }

  /** Takes the event; false when there is no room. */
  push(event: TrackedEvent): boolean {
    const { maxEvents, maxBytes } = this.#settings.queue;
    if (this.pending >= maxEvents || this.#queuedBytes + this.#inFlightBytes + event.bytes > maxBytes)
      return false;
    this.#queue.push(event);
    this.#queuedBytes += event.bytes;
    this.#pump();
    return true;
  }

  /** Sends without waiting for full batches; resolves when everything pushed so far is answered, or after the time. */
  flush(timeoutMs: number | undefined): Promise<void> {
    const upTo = this.#head + this.#queue.length - 1;
    this.#due = upTo;
    this.#pump();
    if (this.#settledUpTo() >= upTo) return Promise.resolve();
    return new Promise((resolve) => {
      const waiter = {
        upTo,
        done: () => {
          cancel?.();
          this.#flushes.delete(waiter);
          resolve();
        },
      };
      const cancel = timeoutMs === undefined ? undefined : this.#environment.schedule(waiter.done, timeoutMs);
      this.#flushes.add(waiter);
    });
  }

  /** Ends what is under way; returns the events that were not answered. */
  stop(): readonly TrackedEvent[] {
    const unanswered = this.unanswered();
    this.#abort.abort(new Error('The client was closed'));
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    this.#queue = [];
    this.#queuedBytes = 0;
    return unanswered;
  }

  #pump(): void {
    while (this.#inFlight.size < this.#settings.batch.maxInFlight && this.#ready())
      void this.#send(this.#take());
    this.#arm();
  }

  #ready(): boolean {
    const { maxEvents, maxBytes } = this.#settings.batch;
    return (
      this.#queue.length > 0 &&
      (this.#head <= this.#due || this.#queue.length >= maxEvents || this.#queuedBytes >= maxBytes)
    );
  }

  /** Lets the first event of the next batch wait no longer than configured. */
  #arm(): void {
    if (this.#queue.length === 0) {
      this.#cancelTimer?.();
      this.#cancelTimer = undefined;
      return;
    }
    if (this.#cancelTimer !== undefined || this.#head <= this.#due) return;
    this.#cancelTimer = this.#environment.schedule(() => {
      this.#cancelTimer = undefined;
      this.#due = this.#head + this.#queue.length - 1;
      this.#pump();
    }, this.#settings.batch.maxWaitMs);
  }

  #take(): Batch {
    const { maxEvents, maxBytes } = this.#settings.batch;
    let count = 0;
    let bytes = 0;
    for (const event of this.#queue) {
      if (count === maxEvents || (count > 0 && bytes + event.bytes > maxBytes)) break;
      bytes += event.bytes;
      count += 1;
    }
    const batch = { first: this.#head, events: this.#queue.splice(0, count), bytes };
    this.#head += count;
    this.#queuedBytes -= bytes;
    this.#inFlight.add(batch);
    this.#inFlightEvents += count;
    this.#inFlightBytes += bytes;
    return batch;
  }

  async #send(batch: Batch): Promise<void> {
    try {
      const refusals = await this.#deliver(
        batch.events.map((event) => event.json),
        { signal: this.#abort.signal, sentAt: true, onRetry: (error) => this.#tellHeldUp(error) },
      );
      this.#heldUp = false;
      for (const { index, message } of refusals) {
        const event = batch.events[index];
        if (event !== undefined) this.#onError(new TrackError('refused', message, [parse(event)]));
      }
    } catch (error) {
      // Closing ended it, and has told of its events; anything else is a defect that must not stop the next batch.
      if (!this.#abort.signal.aborted)
        this.#onError(new TrackError('refused', String(error), batch.events.map(parse), error));
    }
    this.#inFlight.delete(batch);
    this.#inFlightEvents -= batch.events.length;
    this.#inFlightBytes -= batch.bytes;
    this.#pump();
    const settled = this.#settledUpTo();
    for (const waiter of [...this.#flushes]) if (settled >= waiter.upTo) waiter.done();
  }

  #tellHeldUp(error: StreamFlowApiError): void {
    if (this.#heldUp) return;
    this.#heldUp = true;
    this.#onError(new TrackError('held-up', error.message, [], error));
  }

  /** The number of the last event before which all are answered. */
  #settledUpTo(): number {
    let first = this.#head;
    for (const batch of this.#inFlight) first = Math.min(first, batch.first);
    return first - 1;
  }
}

/** The event as it was tracked, for the error hook. */
export const parse = (event: TrackedEvent): Record<string, unknown> => JSON.parse(event.json);
