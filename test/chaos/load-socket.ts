import { WebSocket } from 'ws';
import type { Outcome } from './ledger.ts';
import type { LoadEvent } from './load-event.ts';
import type { LoadOptions } from './load-options.ts';

interface Result {
  readonly outcome: Outcome;
  readonly detail: string;
}

interface Reply {
  readonly type: string;
  readonly ref?: string;
  readonly error?: string;
  readonly message?: string;
}

/** A WebSocket that is opened again, at the next replica, when it was lost. One frame is unanswered at a time. */
export class LoadSocket {
  reconnects = 0;
  private socket: WebSocket | null = null;
  private wasOpen = false;
  private readonly target: () => string;
  private readonly options: Pick<LoadOptions, 'authorization' | 'timeoutMs'>;

  constructor(target: () => string, options: Pick<LoadOptions, 'authorization' | 'timeoutMs'>) {
    this.target = target;
    this.options = options;
  }

  async send(number: number, events: readonly LoadEvent[]): Promise<Result> {
    const socket = await this.connected();
    const ref = String(number);
    const [first] = events;
    const frame =
      events.length === 1 ? { type: 'event', data: first, ref } : { type: 'batch', data: { events }, ref };
    return new Promise((resolve) => {
      const finish = (result: Result, lost: boolean): void => {
        clearTimeout(timer);
        socket.removeAllListeners();
        socket.on('error', () => {});
        if (lost) {
          socket.terminate();
          this.socket = null;
        }
        resolve(result);
      };
      const lose = (detail: string): void => finish({ outcome: 'unanswered', detail }, true);
      const timer = setTimeout(() => lose('timeout'), this.options.timeoutMs);
      socket.on('close', () => lose('closed'));
      socket.on('error', (error) => lose(String(error)));
      socket.on('message', (data) => {
        const reply: Reply = JSON.parse(String(data));
        if (reply.ref !== ref) return;
        if (reply.type === 'ack') finish({ outcome: 'acknowledged', detail: '' }, false);
        else if (reply.error === 'ServiceUnavailable')
          finish({ outcome: 'unanswered', detail: reply.error }, false);
        else finish({ outcome: 'refused', detail: `${reply.error}: ${reply.message}` }, false);
      });
      socket.send(JSON.stringify(frame));
    });
  }

  private connected(): Promise<WebSocket> {
    const { socket } = this;
    if (socket?.readyState === WebSocket.OPEN) return Promise.resolve(socket);
    const { authorization, timeoutMs } = this.options;
    const opened = new WebSocket(`${this.target().replace('http', 'ws')}/ws`, {
      headers: { authorization: `Bearer ${authorization}` },
      handshakeTimeout: timeoutMs,
    });
    return new Promise((resolve, reject) => {
      opened.on('error', reject);
      opened.once('open', () => {
        if (this.wasOpen) this.reconnects += 1;
        this.wasOpen = true;
        opened.removeAllListeners('error');
        opened.on('error', () => {});
        this.socket = opened;
        resolve(opened);
      });
    });
  }
}
