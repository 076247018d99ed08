import { randomUUID } from 'node:crypto';
import { chmod, unlink } from 'node:fs/promises';
import { connect } from 'node:net';
import type { FastifyInstance } from 'fastify';
import type { Clock } from '../domain/clock.ts';
import type { Log } from '../domain/log.ts';
import { createAllowedMethods } from './allowed-methods.ts';
import type { AuditTrail } from './audit.ts';
import { createFastifyApp } from './fastify-app.ts';
import { mountRoute } from './mount-route.ts';
import { closeWithin } from './server.ts';
import type { MountedRoute, Principal, Service } from './service.ts';

export interface ControlServerOptions {
  /** Each is served under `/<its name>`. */
  readonly services: readonly Pick<Service, 'name' | 'routes'>[];
  /** Routes that every service has beside its own. */
  readonly sharedRoutes?: readonly MountedRoute[];
  /** Who everybody is that may open the socket file. */
  readonly principal: Principal;
  /** Where changes are noted; nowhere unless given. */
  readonly audit?: AuditTrail;
  readonly limits: {
    /** Largest body after decompression, bytes. */
    readonly maxBodyBytes: number;
    readonly maxJsonDepth: number;
  };
  readonly log: Log;
  readonly clock: Clock;
  readonly newId?: () => string;
}

export interface ControlServer {
  readonly app: FastifyInstance;
  /**
   * Listens on a Unix socket that only this user may open. A file that a dead process left there is removed; a living
   * one is an error.
   */
  listen(path: string): Promise<void>;
  close(graceMs?: number): Promise<void>;
}

/** The address of a Unix socket is a fixed field (sockaddr_un); longer paths are cut off silently by some systems. */
const maxPathBytes = process.platform === 'darwin' ? 103 : 107;

/**
 * The APIs of all services on one Unix socket, for the command line beside a running server. Who may open the file is
 * trusted, so there is neither authentication nor a rate limit.
 */
export async function createControlServer(options: ControlServerOptions): Promise<ControlServer> {
  const { principal, limits, log, clock } = options;
  const allowedMethods = createAllowedMethods();
  const app = createFastifyApp({
    maxBodyBytes: limits.maxBodyBytes,
    clock,
    log,
    newId: options.newId ?? randomUUID,
    allowedMethods,
    recordUnrouted: () => () => {},
  });
  for (const service of options.services) {
    const prefix = `/${service.name}`;
    for (const route of [...service.routes, ...(options.sharedRoutes ?? [])]) {
      allowedMethods.add(route.contract.method, prefix + route.contract.path);
      mountRoute(app, route, {
        prefix,
        onRequest: (request, _reply, done) => {
          request.principal = principal;
          done();
        },
        record: () => {},
        requestLog: null,
        // Peers of a Unix socket have no address.
        clientAddress: () => 'local',
        audit: options.audit ?? null,
        limits,
      });
    }
  }
  await app.ready();

  return {
    app,
    async listen(path) {
      if (Buffer.byteLength(path) > maxPathBytes)
        throw new Error(
          `The path of the control socket is longer than ${maxPathBytes} bytes: choose a data directory with a shorter path (${path})`,
        );
      await removeStaleSocket(path);
      await bind(app, path);
      await chmod(path, 0o600);
    },
    close: (graceMs = 5000) => closeWithin(app, graceMs),
  };
}

/** Binding happens within `listen`, so that the file never exists with wider rights than the mask leaves. */
function bind(app: FastifyInstance, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const mask = process.umask(0o177);
    try {
      app.server.once('error', reject);
      app.server.listen(path, () => {
        app.server.off('error', reject);
        resolve();
      });
    } finally {
      process.umask(mask);
    }
  });
}

async function removeStaleSocket(path: string): Promise<void> {
  const state = await new Promise<'living' | 'dead' | 'absent'>((resolve) => {
    const probe = connect(path);
    probe.once('connect', () => {
      probe.destroy();
      resolve('living');
    });
    probe.once('error', (error) => resolve('code' in error && error.code === 'ENOENT' ? 'absent' : 'dead'));
  });
  if (state === 'living') throw new Error(`Another process listens on the control socket ${path}`);
  if (state === 'dead') await unlink(path);
}
