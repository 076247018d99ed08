import type { IncomingMessage, Server } from 'node:http';
import type { Socket } from 'node:net';

/**
 * Connections on which nothing was asked yet, as browsers open them ahead. Node counts them as busy until the time for
 * the header is over, so that a server which closes would wait for them.
 */
export function trackSilentConnections(server: Server): { end(): void } {
  const silent = new Set<Socket>();
  const heard = (request: IncomingMessage): void => void silent.delete(request.socket);
  server.on('connection', (socket) => {
    silent.add(socket);
    socket.once('close', () => silent.delete(socket));
  });
  server.on('request', heard);
  server.on('upgrade', heard);
  return {
    end() {
      for (const socket of silent) socket.destroy();
    },
  };
}
