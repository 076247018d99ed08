import type { StreamFlow, StreamFlowApiError } from '@streamflow/client';

/** Events to send in one request. */
export interface EventBatch {
  readonly events: readonly string[];
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
  onAccepted(count: number): void;
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
    const { client, interrupted, onAccepted, onRefused, onWait } = this.#options;
    try {
      const refusals = await client.deliver(batch.events, {
        signal: this.stopped,
        onRetry: (error) => {
          if (isLasting(error)) this.#failure.abort(error);
          else onWait(error.message);
        },
      });
      onAccepted(batch.events.length - refusals.length);
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
const isLasting = ({ status }: StreamFlowApiError): boolean =>
  status >= 300 && status < 500 && status !== 408 && status !== 429;
