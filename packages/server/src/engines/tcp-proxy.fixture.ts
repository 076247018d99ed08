import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** Stands before a server that tests share, and makes it go away for those who come through here. */
export interface TcpProxy {
  readonly host: string;
  readonly port: number;
  /** Connections that it has taken so far. */
  readonly taken: () => number;
  /** Ends all connections and every new one. */
  refuse(): void;
  /** Takes connections and bytes, and passes nothing on. */
  swallow(): void;
  /** Passes everything on; connections from before are ended, since bytes of theirs are lost. */
  pass(): void;
  close(): Promise<void>;
}

export async function startTcpProxy(target: {
  readonly host: string;
  readonly port: number;
}): Promise<TcpProxy> {
  const sockets = new Set<Socket>();
  let mode: 'pass' | 'refuse' | 'swallow' = 'pass';
  let taken = 0;
  const end = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  const server = createServer((near) => {
    taken += 1;
    if (mode === 'refuse') return near.destroy();
    const far = connect(target);
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(socket);
      socket.on('data', (bytes) => {
        if (mode === 'pass') other.write(bytes);
      });
      socket.on('error', () => {});
      socket.on('close', () => {
        sockets.delete(socket);
        other.destroy();
      });
    }
  });
  const address = await new Promise<AddressInfo>((resolve, reject) => {
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const bound = server.address();
      if (bound === null || typeof bound === 'string') reject(new Error('The proxy does not listen on TCP'));
      else resolve(bound);
    });
  });
  return {
    host: address.address,
    port: address.port,
    taken: () => taken,
    refuse() {
      mode = 'refuse';
      end();
    },
    swallow() {
      mode = 'swallow';
    },
    pass() {
      mode = 'pass';
      end();
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        end();
      }),
  };
}
