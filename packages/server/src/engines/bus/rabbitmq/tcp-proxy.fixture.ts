import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

interface Link {
  readonly client: Socket;
  readonly server: Socket;
}

/** A TCP proxy whose links a test breaks, in this process. */
export class TcpProxy {
  private readonly target: { readonly host: string; readonly port: number };
  private readonly listener: Server;
  private readonly links = new Set<Link>();
  private stalled = false;
  private refusing = false;
  private delayMs = 0;
  /** Connections that were ever taken. */
  accepted = 0;

  static async start(target: { readonly host: string; readonly port: number }): Promise<TcpProxy> {
    const proxy = new TcpProxy(target);
    proxy.listener.listen(0, '127.0.0.1');
    await once(proxy.listener, 'listening');
    return proxy;
  }

  private constructor(target: { readonly host: string; readonly port: number }) {
    this.target = target;
    this.listener = createServer((client) => this.accept(client));
  }

  /** `host:port` of the proxy. */
  get address(): string {
    const address = this.listener.address();
    if (address === null || typeof address === 'string') throw new Error('The proxy does not listen');
    return `127.0.0.1:${address.port}`;
  }

  /** Nothing passes, in either direction, and nobody is told; what is sent meanwhile passes afterwards. */
  blackHole(): void {
    this.stalled = true;
    for (const { client, server } of this.links) for (const socket of [client, server]) socket.pause();
  }

  /** Everything passes so much later. */
  delay(milliseconds: number): void {
    this.delayMs = milliseconds;
  }

  /** Ends every link by a reset. */
  reset(): void {
    for (const { client, server } of this.links) {
      client.resetAndDestroy();
      server.resetAndDestroy();
    }
  }

  /** Ends every link, and every new one at once. */
  refuse(): void {
    this.refusing = true;
    this.reset();
  }

  heal(): void {
    this.refusing = false;
    this.delayMs = 0;
    this.stalled = false;
    for (const { client, server } of this.links) for (const socket of [client, server]) socket.resume();
  }

  /** Sends bytes to every client as if the server had; while nothing else is under way. */
  inject(bytes: Buffer): void {
    for (const { client } of this.links) client.write(bytes);
  }

  async close(): Promise<void> {
    this.refuse();
    this.listener.close();
    await once(this.listener, 'close');
  }

  private accept(client: Socket): void {
    this.accepted++;
    if (this.refusing) {
      client.resetAndDestroy();
      return;
    }
    const server = connect(this.target);
    const link = { client, server };
    this.links.add(link);
    this.forward(client, server);
    this.forward(server, client);
    for (const socket of [client, server]) {
      socket.setNoDelay(true);
      if (this.stalled) socket.pause();
      socket.on('close', () => {
        this.links.delete(link);
        client.destroy();
        server.destroy();
      });
      // A reset is what the test is about; 'close' follows.
      socket.on('error', () => {});
    }
  }

  private forward(from: Socket, to: Socket): void {
    from.on('data', (chunk) => {
      if (this.delayMs === 0) to.write(chunk);
      else setTimeout(() => to.write(chunk), this.delayMs);
    });
  }
}
