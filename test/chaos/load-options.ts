/** What the load generator is started with, as one JSON argument. */
export interface LoadOptions {
  /** Addresses of the replicas of ingestion. */
  readonly targets: readonly string[];
  readonly authorization: string;
  readonly ledger: string;
  /** Senders of single events, of batches, and sockets. */
  readonly singles: number;
  readonly batches: number;
  readonly sockets: number;
  /** Events a batch. */
  readonly batchSize: number;
  /** Milliseconds between an answer and the next request of a sender. */
  readonly pauseMs: number;
  /** Milliseconds after which a request without an answer is given up. */
  readonly timeoutMs: number;
}

export type LoadCommand =
  /** Requests from now on belong to the fault. */
  | { readonly command: 'fault'; readonly name: string }
  /** Begins no new requests; tells when each is answered. */
  | { readonly command: 'pause' }
  | { readonly command: 'resume' }
  /** Sends so many of the latest requests again although they were acknowledged. */
  | { readonly command: 'repeat'; readonly requests: number }
  | { readonly command: 'end' };

/** What it tells, several times a second and after each command. */
export interface LoadState {
  /** Events sent since the start, repeats apart. */
  readonly sent: number;
  readonly acknowledged: number;
  /** Attempts that were answered 503 since the start. */
  readonly answered503: number;
  /** Requests that have no answer yet. */
  readonly open: number;
  readonly paused: boolean;
  /** Repeats that are still to be acknowledged. */
  readonly repeating: number;
  /** Times that a socket was opened again after it was lost. */
  readonly reconnects: number;
}
