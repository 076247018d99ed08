import type { IngestionClientFrame, IngestionServerFrame } from '@streamflow/contracts';
import { type ApiErrorCode, StreamFlowApiError } from './api-error.ts';
import { backOffDelay } from './back-off.ts';
import type { Environment } from './environment.ts';
import type { ConnectionSettings, RetryPolicy } from './options.ts';
import type { WebSocketConstructor, WebSocketLike } from './socket-types.ts';
import { serialiseEvent, type TrackInput } from './track-event.ts';

/*
 * States of a socket:
 *
 *   connecting      a WebSocket is being opened; with a credential, `auth` is sent first and `ready` awaited.
 *   ready           events are sent as they come.
 *   waiting         the WebSocket closed; another one is opened after a wait that grows with each failure in a row.
 *   closed          by `close`.
 *
 * An event waits in `#unanswered` from `send` until its acknowledgement, and everything there is sent (again, with the
 * same id) each time the state becomes ready. An error frame that waiting mends leaves its event there too, for after
 * the wait that the server asks for.
 */

export interface IngestionSocketOptions {
  /** The global one unless given; Node 20 has none: give it that of the `ws` package. */
  readonly WebSocket?: WebSocketConstructor;
  /** Events that may wait for their acknowledgement; 1,000. */
  readonly maxUnanswered?: number;
  /** Milliseconds between pings, each of which must be answered before the next; 30,000. */
  readonly pingMs?: number;
  /** Told what the server says against the connection as a whole: a credential that it refuses. */
  readonly onError?: (error: StreamFlowApiError) => void;
}

export interface SocketDependencies {
  readonly connection: ConnectionSettings;
  readonly WebSocket: WebSocketConstructor;
  readonly source: string | undefined;
  readonly makeId: () => string;
  readonly environment: Environment;
  readonly retry: RetryPolicy;
  readonly maxUnanswered: number;
  readonly pingMs: number;
  readonly onError: (error: StreamFlowApiError) => void;
}

interface Waiting {
  readonly json: string;
  resolve(id: string): void;
  reject(error: Error): void;
}

/** Codes that waiting mends. */
const transient: ReadonlySet<string> = new Set<ApiErrorCode>([
  'RateLimitExceeded',
  'ServiceUnavailable',
  'InternalError',
]);

export class IngestionSocket {
  readonly #dependencies: SocketDependencies;
  readonly #environment: Environment;
  /** By id, in the order of sending. */
  readonly #unanswered = new Map<string, Waiting>();
  #socket: WebSocketLike | undefined;
  #state: 'connecting' | 'ready' | 'waiting' | 'closed' = 'connecting';
  #failures = 0;
  #pongAwaited = false;
  #cancelTimer: (() => void) | undefined;
  #cancelResend: (() => void) | undefined;
  #onEmpty: (() => void) | undefined;

  constructor(dependencies: SocketDependencies) {
    this.#dependencies = dependencies;
    this.#environment = dependencies.environment;
    void this.#connect();
  }

  /** Events that are not acknowledged yet. */
  get pending(): number {
    return this.#unanswered.size;
  }

  /**
   * Sends an event; resolves with its id when it is durable, over as many connections as that takes.
   * @throws TrackError when it is not an event; StreamFlowApiError when it is refused, when too many events are
   * unanswered, or when the socket was closed before the answer
   */
  async send(input: TrackInput): Promise<string> {
    const { source, makeId, maxUnanswered } = this.#dependencies;
    const { id, json } = serialiseEvent(input, source, makeId, this.#environment);
    if (this.#state === 'closed') throw closedError();
    if (this.#unanswered.size >= maxUnanswered)
      throw new StreamFlowApiError({
        code: 'ServiceUnavailable',
        status: 0,
        message: `${maxUnanswered} events are waiting for their acknowledgement`,
      });
    return new Promise((resolve, reject) => {
      this.#unanswered.set(id, { json, resolve, reject });
      if (this.#state === 'ready') this.#sendEvent(id, json);
    });
  }

  /** Takes no more events, waits at most `timeoutMs` (5,000) for acknowledgements, and closes. */
  async close(options: { readonly timeoutMs?: number } = {}): Promise<void> {
    if (this.#unanswered.size > 0 && this.#state !== 'closed')
      await new Promise<void>((resolve) => {
        const cancel = this.#environment.schedule(resolve, options.timeoutMs ?? 5000);
        this.#onEmpty = () => {
          cancel();
          resolve();
        };
      });
    this.#state = 'closed';
    this.#cancelTimer?.();
    this.#cancelResend?.();
    this.#socket?.close(1000);
    this.#socket = undefined;
    for (const { reject } of this.#unanswered.values()) reject(closedError());
    this.#unanswered.clear();
  }

  async #connect(): Promise<void> {
    const { connection, WebSocket } = this.#dependencies;
    this.#state = 'connecting';
    let credential: string | undefined;
    let socket: WebSocketLike;
    try {
      credential = await connection.credential();
      if (this.#isClosed()) return;
      socket = new WebSocket(`${connection.urlOf('ingestion').replace(/^http/, 'ws')}/ws`);
    } catch {
      // Whoever gives the credential is away as well; asked again with the next connection.
      this.#reconnect();
      return;
    }
    this.#socket = socket;
    const ifCurrent = (handle: (data: unknown) => void) => (event: { readonly data?: unknown }) => {
      if (this.#socket === socket) handle(event.data);
    };
    socket.addEventListener(
      'open',
      ifCurrent(() => {
        if (credential === undefined) this.#becomeReady();
        else this.#sendFrame({ type: 'auth', token: credential });
      }),
    );
    socket.addEventListener(
      'message',
      ifCurrent((data) => this.#receive(data)),
    );
    socket.addEventListener(
      'close',
      ifCurrent(() => this.#reconnect()),
    );
    // What went wrong is followed by `close`; without a listener, Node's `ws` would throw.
    socket.addEventListener('error', () => {});
    // A connection that does not open, or a server that does not answer `auth`, is given up like a silent request.
    this.#schedule(connection.requestTimeoutMs, () => this.#reconnect());
  }

  #becomeReady(): void {
    this.#state = 'ready';
    this.#pongAwaited = false;
    this.#schedule(this.#dependencies.pingMs, () => this.#ping());
    this.#resend();
  }

  #resend(): void {
    for (const [id, { json }] of this.#unanswered) this.#sendEvent(id, json);
  }

  #ping(): void {
    if (this.#pongAwaited) {
      this.#reconnect();
      return;
    }
    this.#pongAwaited = true;
    this.#sendFrame({ type: 'ping' });
    this.#schedule(this.#dependencies.pingMs, () => this.#ping());
  }

  #receive(data: unknown): void {
    const frame = parseFrame(data);
    if (frame === undefined) this.#reconnect();
    else if (frame.type === 'error') this.#receiveError(frame);
    else if (frame.type === 'ready') this.#becomeReady();
    else {
      this.#failures = 0;
      if (frame.type === 'ack') this.#answer(frame.ref, ({ resolve }, id) => resolve(id));
      else this.#pongAwaited = false;
    }
  }

  #receiveError(frame: Extract<IngestionServerFrame, { type: 'error' }>): void {
    const { error: code, message, details, retry_after: retryAfter, ref } = frame;
    const error = new StreamFlowApiError({ code, status: 0, message, details, retryAfter });
    if (ref === undefined) {
      // About the connection, which the server closes next.
      this.#dependencies.onError(error);
      this.#reconnect(transient.has(code) ? 0 : this.#dependencies.retry.refusedMs);
    } else if (transient.has(code)) {
      this.#failures += 1;
      this.#cancelResend?.();
      this.#cancelResend = this.#environment.schedule(() => {
        if (this.#state === 'ready') this.#resend();
      }, this.#delay(retryAfter));
    } else this.#answer(ref, ({ reject }) => reject(error));
  }

  #answer(ref: string | undefined, settle: (waiting: Waiting, id: string) => void): void {
    const waiting = ref === undefined ? undefined : this.#unanswered.get(ref);
    if (ref === undefined || waiting === undefined) return;
    this.#unanswered.delete(ref);
    settle(waiting, ref);
    if (this.#unanswered.size === 0) this.#onEmpty?.();
  }

  #reconnect(minimumMs = 0): void {
    if (this.#isClosed()) return;
    const socket = this.#socket;
    this.#socket = undefined;
    socket?.close();
    this.#state = 'waiting';
    this.#failures += 1;
    this.#schedule(Math.max(minimumMs, this.#delay(undefined)), () => void this.#connect());
  }

  #isClosed(): boolean {
    return this.#state === 'closed';
  }

  #delay(retryAfterSeconds: number | undefined): number {
    return backOffDelay(this.#failures, retryAfterSeconds, this.#dependencies.retry, this.#environment);
  }

  /** One timer at a time: for the opening, the next ping, or the next connection. */
  #schedule(delayMs: number, callback: () => void): void {
    this.#cancelTimer?.();
    this.#cancelTimer = this.#environment.schedule(callback, delayMs);
  }

  #sendEvent(id: string, json: string): void {
    this.#socket?.send(`{"type":"event","ref":"${id}","data":${json}}`);
  }

  #sendFrame(frame: IngestionClientFrame): void {
    this.#socket?.send(JSON.stringify(frame));
  }
}

const closedError = (): StreamFlowApiError =>
  new StreamFlowApiError({ code: 'ConnectionFailed', status: 0, message: 'The socket was closed' });

const frameTypes: ReadonlySet<unknown> = new Set(['ready', 'ack', 'error', 'pong']);

function parseFrame(data: unknown): IngestionServerFrame | undefined {
  try {
    const frame: IngestionServerFrame | null = JSON.parse(String(data));
    return frameTypes.has(frame?.type) && frame !== null ? frame : undefined;
  } catch {
    return undefined;
  }
}
