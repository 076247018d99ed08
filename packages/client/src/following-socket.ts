import type { ServiceName } from '@streamflow/contracts';
import { backOffDelay } from './back-off.ts';
import type { Environment } from './environment.ts';
import type { ConnectionSettings, RetryPolicy } from './options.ts';
import type { WebSocketConstructor, WebSocketLike } from './socket-types.ts';

export interface FollowOptions<Frame> {
  readonly onFrame: (frame: Frame) => void;
  /** Told whenever the server tells what happens again, and whenever it does not any more. */
  readonly onState?: ((state: 'live' | 'lost') => void) | undefined;
  /** Milliseconds without a frame after which the connection counts as lost. */
  readonly silenceMs?: number | undefined;
  /** Instead of the global `WebSocket`. */
  readonly WebSocket?: WebSocketConstructor | undefined;
}

export interface FollowDependencies {
  readonly connection: ConnectionSettings;
  readonly WebSocket: WebSocketConstructor;
  readonly environment: Environment;
  readonly retry: RetryPolicy;
}

/** What is followed, and how it is known that the other end is there. */
export interface Followed {
  readonly service: ServiceName;
  /** With its query. */
  readonly path: string;
  /** Types of the frames that are handed on. */
  readonly frames: readonly string[];
  readonly silenceMs: number;
  /** Milliseconds between pings, on sockets that may have nothing to tell for a while. */
  readonly pingMs?: number;
}

/** Follows what a socket tells, over as many connections as that takes, until it is closed. */
export class FollowingSocket<Frame extends { readonly type: string }> {
  readonly #dependencies: FollowDependencies;
  readonly #followed: Followed;
  readonly #options: FollowOptions<Frame>;
  #socket: WebSocketLike | undefined;
  #closed = false;
  #failures = 0;
  #state: 'live' | 'lost' | undefined;
  #cancelTimer: (() => void) | undefined;
  #cancelPing: (() => void) | undefined;

  constructor(dependencies: FollowDependencies, followed: Followed, options: FollowOptions<Frame>) {
    this.#dependencies = dependencies;
    this.#followed = followed;
    this.#options = options;
    void this.#connect();
  }

  close(): void {
    this.#closed = true;
    this.#cancelTimer?.();
    this.#cancelPing?.();
    this.#socket?.close(1000);
    this.#socket = undefined;
  }

  async #connect(): Promise<void> {
    const { connection, WebSocket } = this.#dependencies;
    const { service, path } = this.#followed;
    let credential: string | undefined;
    let socket: WebSocketLike;
    try {
      credential = await connection.credential();
      if (this.#closed) return;
      socket = new WebSocket(`${connection.urlOf(service).replace(/^http/, 'ws')}${path}`);
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
    else if (frame.type === 'error')
      this.#reconnect(frame.error === 'ServiceUnavailable' ? 0 : this.#dependencies.retry.refusedMs);
    else if (frame.type === 'pong') this.#awaitNext();
    else if (this.#isFollowed(frame)) {
      this.#failures = 0;
      if (this.#state !== 'live') this.#ping();
      this.#tell('live');
      this.#awaitNext();
      this.#options.onFrame(frame);
    }
  }

  #isFollowed(frame: { readonly type: string }): frame is Frame {
    return this.#followed.frames.includes(frame.type);
  }

  #awaitNext(): void {
    this.#schedule(this.#options.silenceMs ?? this.#followed.silenceMs, () => this.#reconnect());
  }

  #ping(): void {
    const { pingMs } = this.#followed;
    if (pingMs === undefined) return;
    this.#cancelPing?.();
    this.#cancelPing = this.#dependencies.environment.schedule(() => {
      this.#socket?.send(JSON.stringify({ type: 'ping' }));
      this.#ping();
    }, pingMs);
  }

  #reconnect(minimumMs = 0): void {
    if (this.#closed) return;
    const socket = this.#socket;
    this.#socket = undefined;
    socket?.close();
    this.#cancelPing?.();
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

function parseFrame(data: unknown): { readonly type: string; readonly error?: unknown } | undefined {
  try {
    const frame: { readonly type: string } | null = JSON.parse(String(data));
    return typeof frame?.type === 'string' ? frame : undefined;
  } catch {
    return undefined;
  }
}
