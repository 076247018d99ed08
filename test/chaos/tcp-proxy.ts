import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { wait } from './timing.ts';

/** A link between processes, which can be made slow, silent, or broken. */
export interface TcpProxy {
  readonly port: number;
  /** Everything takes so many milliseconds longer, in both directions. */
  delay(ms: number): void;
  /** Takes connections and bytes, and passes nothing on: what a firewall does that forgets a connection. */
  blackHole(): void;
  /** Ends all connections by a reset; later ones pass. */
  reset(): void;
  /** Passes everything on; after a black hole all connections are ended, since bytes of theirs are lost. */
  pass(): void;
  close(): Promise<void>;
}

export async function startTcpProxy(targetPort: number): Promise<TcpProxy> {
  const sockets = new Set<Socket>();
  let delayMs = 0;
  let silent = false;
  const resetAll = (): void => {
    for (const socket of sockets) socket.resetAndDestroy();
  };
  const server = createServer({ noDelay: true }, (near) => {
    const far = connect({ port: targetPort, host: '127.0.0.1', noDelay: true });
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(socket);
      // One after the other, also when the delay changes in between.
      let last: Promise<void> = Promise.resolve();
      socket.on('data', (bytes) => {
        if (silent) return;
        if (delayMs === 0) {
          last = last.then(() => pass(other, bytes));
          return;
        }
        const due = wait(delayMs);
        last = last.then(() => due).then(() => pass(other, bytes));
      });
      socket.on('error', () => {});
      socket.on('close', () => {
        sockets.delete(socket);
        other.destroy();
      });
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The proxy does not listen on TCP');
  return {
    port: address.port,
    delay(ms) {
      delayMs = ms;
    },
    blackHole() {
      silent = true;
    },
    reset: resetAll,
    pass() {
      delayMs = 0;
      if (silent) resetAll();
      silent = false;
    },
    async close() {
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, 'close');
    },
  };
}

function pass(to: Socket, bytes: Buffer): void {
  if (!to.destroyed) to.write(bytes);
}
