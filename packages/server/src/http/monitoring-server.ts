import { createServer, type Server } from 'node:http';
import type { Log } from '../domain/log.ts';

export interface MonitoringOptions {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly metrics: { render(): Promise<string>; readonly contentType: string };
  readonly log: Log;
}

export interface MonitoringServer {
  /** null when the port was taken. */
  readonly port: number | null;
  close(): Promise<void>;
}

/**
 * `/metrics` of the whole process on a port of its own. Several processes on a host cannot all have it: the one that
 * finds it taken warns and goes on, since each service shows the same figures on its own port.
 */
export async function startMonitoring(options: MonitoringOptions): Promise<MonitoringServer> {
  const { host, port, metrics, log } = options;
  const server = createServer({ requestTimeout: 10_000 }, (request, response) => {
    request.resume();
    const [path] = (request.url ?? '').split('?');
    if (path !== '/metrics' || (request.method !== 'GET' && request.method !== 'HEAD')) {
      response.writeHead(404, { 'content-type': 'text/plain; charset=utf-8' }).end('See /metrics\n');
      return;
    }
    metrics.render().then(
      (text) => response.writeHead(200, { 'content-type': metrics.contentType }).end(text),
      (error: unknown) => {
        log.error('Metrics could not be rendered', { error });
        response.writeHead(500).end();
      },
    );
  });
  try {
    await listening(server, host, port);
  } catch (error) {
    log.warning('The monitoring port cannot be had; each service still shows /metrics on its own port', {
      host,
      port,
      error,
    });
    return { port: null, close: async () => {} };
  }
  const address = server.address();
  return {
    port: address !== null && typeof address === 'object' ? address.port : null,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function listening(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}
