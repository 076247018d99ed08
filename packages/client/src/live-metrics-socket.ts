import type { MetricsServerFrame } from '@streamflow/contracts';
import { backOffDelay } from './back-off.ts';
import type { Environment } from './environment.ts';
import type { ConnectionSettings, RetryPolicy } from './options.ts';
import type { WebSocketConstructor, WebSocketLike } from './socket-types.ts';

/** Frames with figures: a `snapshot` of five minutes after each connection, then `metrics` every second, and gaps. */
export type LiveMetricsFrame = Extract<MetricsServerFrame, { type: 'snapshot' | 'metrics' | 'gap' }>;

export interface LiveMetricsOptions {
  readonly onFrame: (frame: LiveMetricsFrame) => void;
  /** Told whenever figures come in again, and whenever they do not any more. */
  readonly onState?: ((state: 'live' | 'lost') => void) | undefined;
  /** Milliseconds without a frame after which the connection counts as lost; 5,000. */
  readonly silenceMs?: number | undefined;
  /** Instead of the global `WebSocket`. */
  readonly WebSocket?: WebSocketConstructor | undefined;
}

interface Dependencies {
  readonly connection: ConnectionSettings;
  readonly WebSocket: WebSocketConstructor;
  readonly environment: Environment;
  readonly retry: RetryPolicy;
}

/** Follows live metrics, over as many connections as that takes, until it is closed. */
export class LiveMetricsSocket {
  readonly #dependencies: Dependencies;
  readonly #options: LiveMetricsOptions;
  #socket: WebSocketLike | undefined;
  #closed = false;
  #failures = 0;
  #state: 'live' | 'lost' | undefined;
  #cancelTimer: (() => void) | undefined;

  constructor(dependencies: Dependencies, options: LiveMetricsOptions) {
    this.#dependencies = dependencies;
    this.#options = options;
    void this.#connect();
  }

  close(): void {
    this.#closed = true;
    this.#cancelTimer?.();
    this.#socket?.close(1000);
    this.#socket = undefined;
  }

  async #connect(): Promise<void> {
    const { connection, WebSocket } = this.#dependencies;
    let credential: string | undefined;
    let socket: WebSocketLike;
    try {
      credential = await connection.credential();
      if (this.#closed) return;
      socket = new WebSocket(`${connection.urlOf('dashboard').replace(/^http/, 'ws')}/ws/metrics`);
    } catch {
      // Whoever gives the credential is away as well; asked again with the next connection.
      this.#reconnect();
      return;
    }
    this.#socket = socket;
    const isCurrent = (): boolean => this.#socket === socket;
    socket.addEventListener('open', () => {
      if (isCurrent() && credential !== undefined)
        socket.send(JSON.stringify({ type: 'auth', token: credential }));
    });
    socket.addEventListener('message', ({ data }) => {
      if (isCurrent()) this.#receive(data);
    });
    socket.addEventListener('close', () => {
      if (isCurrent()) this.#reconnect();
    });
    // What went wrong is followed by `close`; without a listener, Node's `ws` would throw.
    socket.addEventListener('error', () => {});
    this.#schedule(connection.requestTimeoutMs, () => this.#reconnect());
  }

  #receive(data: unknown): void {
    const frame = parseFrame(data);
    if (frame === undefined) this.#reconnect();
    else if (frame.type === 'error') this.#reconnect(this.#dependencies.retry.refusedMs);
    else if (frame.type === 'snapshot' || frame.type === 'metrics' || frame.type === 'gap') {
      this.#failures = 0;
      this.#tell('live');
      this.#schedule(this.#options.silenceMs ?? 5000, () => this.#reconnect());
      this.#options.onFrame(frame);
    }
  }

  #reconnect(minimumMs = 0): void {
    if (this.#closed) return;
    const socket = this.#socket;
    this.#socket = undefined;
    socket?.close();
    this.#tell('lost');
    this.#failures += 1;
    const { retry, environment } = this.#dependencies;
    const delay = backOffDelay(this.#failures, undefined, retry, environment);
    this.#schedule(Math.max(minimumMs, delay), () => void this.#connect());
  }

  #tell(state: 'live' | 'lost'): void {
    if (this.#state === state) return;
    this.#state = state;
    this.#options.onState?.(state);
  }

  /** One timer at a time: for the opening, the next frame, or the next connection. */
  #schedule(delayMs: number, callback: () => void): void {
    this.#cancelTimer?.();
    this.#cancelTimer = this.#dependencies.environment.schedule(callback, delayMs);
  }
}

function parseFrame(data: unknown): MetricsServerFrame | undefined {
  try {
    const frame: MetricsServerFrame | null = JSON.parse(String(data));
    return typeof frame?.type === 'string' ? frame : undefined;
  } catch {
    return undefined;
  }
}
