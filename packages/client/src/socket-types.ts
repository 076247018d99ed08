/*
 * The part of the WebSocket standard that the SDK uses: what browsers have, and the `ws` package in Node.
 */

export interface SocketEvent {
  readonly type?: string;
  /** Of messages: what was received. */
  readonly data?: unknown;
  /** Of closings. */
  readonly code?: number;
  readonly reason?: string;
}

export interface WebSocketLike {
  send(data: string): void;
  close(code?: number, reason?: string): void;
  addEventListener(
    type: 'open' | 'message' | 'close' | 'error',
    listener: (event: SocketEvent) => void,
  ): void;
}

export type WebSocketConstructor = new (url: string) => WebSocketLike;
