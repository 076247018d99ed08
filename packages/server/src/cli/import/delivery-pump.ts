import type { StreamFlow, StreamFlowApiError } from '@streamflow/client';
import type { Clock } from '../../domain/clock.ts';
import type { ReceivedWithin, SentEvent } from './sent-event.ts';

/** Events to send in one request. */
export interface EventBatch {
  readonly events: readonly SentEvent[];
  /** Line of each event in its file. */
  readonly lines: readonly number[];
  /** Position in the file of its last record. */
  readonly last: number;
}

export interface DeliveryPumpOptions {
  readonly client: Pick<StreamFlow, 'deliver'>;
  /** Requests at a time. */
  readonly concurrency: number;
  /** Ends deliveries; what was not answered may or may not have arrived. */
  readonly interrupted: AbortSignal;
  readonly clock: Clock;
  onAccepted(events: readonly SentEvent[], received: ReceivedWithin | null): void;
  onRefused(line: number, reason: string): void;
  /** Told before each wait for a server that is away or busy. */
  onWait(reason: string): void;
}

/** Keeps some batches of one file under way, and knows up to where all of them are answered. */
export class DeliveryPump {
  readonly #options: DeliveryPumpOptions;
  readonly #failure = new AbortController();
  /** Ends when a delivery failed for good, or the person interrupted. */
  readonly stopped: AbortSignal;
  readonly #underWay = new Set<Promise<void>>();
  /** In the order of the file. */
  readonly #started: { readonly last: number; answered: boolean }[] = [];
  #answeredUpTo = 0;

  constructor(options: DeliveryPumpOptions) {
    this.#options = options;
    this.stopped = AbortSignal.any([this.#failure.signal, options.interrupted]);
  }

  /** Position in the file before and at which every event is answered. */
  get answeredUpTo(): number {
    return this.#answeredUpTo;
  }

  /** Starts a delivery; resolves when there is room for another one. */
  async send(batch: EventBatch): Promise<void> {
    const entry = { last: batch.last, answered: false };
    this.#started.push(entry);
    const delivery: Promise<void> = this.#deliver(batch, entry).finally(() =>
      this.#underWay.delete(delivery),
    );
    this.#underWay.add(delivery);
    while (this.#underWay.size >= this.#options.concurrency) await Promise.race(this.#underWay);
  }

  /**
   * Resolves when every delivery has ended.
   * @throws StreamFlowApiError when one failed for good
   */
  async drain(): Promise<void> {
    await Promise.all(this.#underWay);
    this.#failure.signal.throwIfAborted();
  }

  async #deliver(batch: EventBatch, entry: { answered: boolean }): Promise<void> {
    const { client, clock, interrupted, onAccepted, onRefused, onWait } = this.#options;
    const startedAt = clock.now();
    const received: number[] = [];
    let retried = false;
    try {
      const refusals = await client.deliver(
        batch.events.map(({ json }) => json),
        {
          signal: this.stopped,
          onRetry: (error) => {
            retried = true;
            if (isLasting(error)) this.#failure.abort(error);
            else onWait(error.message);
          },
          onReceived: (receivedAt) => received.push(Date.parse(receivedAt)),
        },
      );
      const refused = new Set(refusals.map(({ index }) => index));
      const first = Math.min(...received);
      onAccepted(
        batch.events.filter((_, index) => !refused.has(index)),
        received.length === 0
          ? null
          : {
              // A request without an answer may have been received at any moment since the first try.
              from: retried ? first - (clock.now() - startedAt) : first,
              to: Math.max(...received),
            },
      );
      for (const { index, message } of refusals) onRefused(batch.lines[index] ?? 0, message);
      entry.answered = true;
      while (this.#started[0]?.answered === true)
        this.#answeredUpTo = this.#started.shift()?.last ?? this.#answeredUpTo;
    } catch (error) {
      if (!interrupted.aborted) this.#failure.abort(error);
    }
  }
}

/** Whether waiting mends nothing: a refused credential, an address that is not StreamFlow's. */
export const isLasting = ({ status }: StreamFlowApiError): boolean =>
  status >= 300 && status < 500 && status !== 408 && status !== 429;
