import { connect as connectSocket } from 'node:net';
import { type ConnectionOptions, StreamFlow } from '@streamflow/client';
import { serviceNames } from '@streamflow/contracts';
import { dataFiles } from '../data-files.ts';
import { StreamFlowError } from '../domain/errors.ts';
import type { CliConnection, Connect, ConnectOptions } from './cli-connection.ts';
import { createUnixSocketFetch } from './unix-socket-fetch.ts';

/** An app without TCP listeners, in this process. */
export interface LocalApp {
  readonly socketPath: string;
  close(): Promise<void>;
}

export interface ConnectDependencies {
  /**
   * The data directory that the flags, the environment and the configuration file name, and whether a StreamFlow has run
   * on it; null when they name servers for all that is kept.
   */
  localData(options: ConnectOptions): { readonly directory: string; readonly exists: boolean } | null;
  /** Opens the engines in this process; rejects when another process has the embedded data. */
  openLocalApp(options: ConnectOptions): Promise<LocalApp>;
}

/** Commands have somebody waiting in front of them: they ask again sooner than an application would. */
const retry = { initialMs: 200, maxMs: 5000 };

/**
 * Opens the way to StreamFlow: the addresses when the flags or the environment name any, else the control socket of
 * the server that runs on the data directory, else the app itself in this process.
 */
export function createConnect(dependencies: ConnectDependencies): Connect {
  return async (options, { makes = false } = {}) => {
    const remote = remoteOptions(options);
    if (remote !== undefined) return connection(remote, async () => {});

    const data = dependencies.localData(options);
    if (data !== null) {
      const running = dataFiles(data.directory).controlSocket;
      if (await isListening(running)) return overSocket(running, async () => {});
      if (!makes && !data.exists)
        throw new StreamFlowError(
          'NotFound',
          `There is no data in ${data.directory}; streamflow start makes it, and --data-dir names another place`,
        );
    }
    const app = await dependencies.openLocalApp(options);
    return overSocket(app.socketPath, () => app.close());
  };
}

function remoteOptions(options: ConnectOptions): ConnectionOptions | undefined {
  const { url, ingestionUrl, storageUrl, dashboardUrl, apiKey } = options;
  if ([url, ingestionUrl, storageUrl, dashboardUrl].every((each) => each === undefined)) return undefined;
  const dashboard = dashboardUrl ?? url;
  return {
    ...(ingestionUrl === undefined ? {} : { ingestionUrl }),
    ...(storageUrl === undefined ? {} : { storageUrl }),
    ...(dashboard === undefined ? {} : { dashboardUrl: dashboard }),
    ...(apiKey === undefined ? {} : { apiKey }),
  };
}

function overSocket(socketPath: string, close: () => Promise<void>): CliConnection {
  const socket = createUnixSocketFetch(socketPath);
  const urls = Object.fromEntries(
    serviceNames.map((service) => [`${service}Url`, `http://localhost/${service}`]),
  );
  return connection({ ...urls, fetch: socket.fetch }, async () => {
    socket.close();
    await close();
  });
}

function connection(options: ConnectionOptions, close: () => Promise<void>): CliConnection {
  const client = new StreamFlow({ ...options, retry });
  return {
    client,
    request: (service, method, path, request = {}) => client.request(service, method, path, request),
    close,
  };
}

/** Whether a process listens on the socket; a file that a killed one left behind refuses connections. */
function isListening(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connectSocket(socketPath);
    const finish = (listening: boolean): void => {
      socket.destroy();
      resolve(listening);
    };
    socket.once('connect', () => finish(true));
    socket.once('error', () => finish(false));
  });
}
