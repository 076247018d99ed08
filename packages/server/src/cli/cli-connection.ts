import type { StreamFlow } from '@streamflow/client';
import type { ServiceName } from '@streamflow/contracts';

/**
 * The flags that say how to reach StreamFlow. They stand on the program, so a command reads them, together with its
 * own, by `command.optsWithGlobals()`.
 */
export interface ConnectOptions {
  /** A dashboard address that passes `/api/<service>` on; the three below go straight to a service. */
  readonly url?: string;
  readonly ingestionUrl?: string;
  readonly storageUrl?: string;
  readonly dashboardUrl?: string;
  /** API key for the addresses; local access needs none. */
  readonly apiKey?: string;
  /** Configuration file. */
  readonly config?: string;
  /** Data directory of a local StreamFlow. */
  readonly dataDir?: string;
}

export interface CliRequestOptions {
  readonly query?: Readonly<Record<string, string | readonly string[]>>;
  /** Sent as JSON. */
  readonly body?: unknown;
}

/** A way to StreamFlow: over TCP, over the control socket of a running server, or an app opened in this process. */
export interface CliConnection {
  /**
   * Sends one request and returns the parsed answer.
   * @throws StreamFlowApiError with the code, message and details of the answer when it is not a success.
   */
  request<T>(service: ServiceName, method: string, path: string, options?: CliRequestOptions): Promise<T>;
  /** The SDK over this connection, for reading and sending events. */
  readonly client: StreamFlow;
  close(): Promise<void>;
}

export interface DataOptions {
  /** Whether the command makes the data where there is none yet; otherwise it says so and fails. */
  readonly makes?: boolean;
}

/** Opens a connection as the flags say; the caller closes it. */
export type Connect = (options: ConnectOptions, data?: DataOptions) => Promise<CliConnection>;
