import type { ServiceName } from '@streamflow/contracts';
import type { BackOffOptions } from './back-off.ts';
import { type Environment, systemEnvironment } from './environment.ts';
import type { FetchLike } from './http-types.ts';
import type { ErrorHook } from './track-error.ts';

/** Where StreamFlow is and who calls. */
export interface ConnectionOptions {
  /** Address of the ingestion service, `http://localhost:8001`. */
  readonly ingestionUrl?: string;
  /** Address of the storage service, `http://localhost:8005`. */
  readonly storageUrl?: string;
  /**
   * Address of the dashboard service, `http://localhost:8004`. A service without an address of its own is reached
   * through it, under `/api/<service>`.
   */
  readonly dashboardUrl?: string;
  /** Address of the analytics service, `http://localhost:8002`. */
  readonly analyticsUrl?: string;
  /** Address of the alerting service, `http://localhost:8003`. */
  readonly alertingUrl?: string;
  /** API key. The only credential with which a browser can send events while its page goes away without a preflight. */
  readonly apiKey?: string | undefined;
  /** JWT. */
  readonly token?: string | undefined;
  /** Gives the credential for each request; asked again after a 401. Wins over `token` and `apiKey`. */
  readonly getToken?: () => string | undefined | Promise<string | undefined>;
  /** Instead of the global `fetch`. */
  readonly fetch?: FetchLike;
  /** Milliseconds until a request without an answer is given up; 30,000. */
  readonly requestTimeoutMs?: number;
  /** Time, timers and randomness; for tests. */
  readonly environment?: Environment;
}

/** How events that are tracked travel. */
export interface DeliveryOptions {
  readonly batch?: {
    /** Events a request, 1 to 1,000; 100. */
    readonly maxEvents?: number;
    /** Bytes a request; 1,000,000. An event that is larger travels alone. */
    readonly maxBytes?: number;
    /** Milliseconds that the first event of a batch waits for others; 1,000. */
    readonly maxWaitMs?: number;
    /** Requests at a time; 1, which keeps the order of events. */
    readonly maxInFlight?: number;
    /** Compresses bodies of at least so many bytes with gzip, where the platform can; off unless given. */
    readonly gzipFromBytes?: number;
  };
  /** What may wait in memory, requests under way included. When it is full, new events are dropped and `onError` told. */
  readonly queue?: {
    /** 10,000. */
    readonly maxEvents?: number;
    /** 20,000,000. */
    readonly maxBytes?: number;
  };
  /** Waits between attempts, which go on until there is an answer. */
  readonly retry?: {
    /** Milliseconds before the first repetition, doubled from then on; 500. */
    readonly initialMs?: number;
    /** Milliseconds; 30,000. */
    readonly maxMs?: number;
    /** Milliseconds after an answer that waiting alone does not mend (a refused credential, a wrong address); 60,000. */
    readonly refusedMs?: number;
  };
}

export interface StreamFlowOptions extends ConnectionOptions, DeliveryOptions {
  /** `source` of tracked events that carry none. */
  readonly source?: string;
  /** Told of everything that goes wrong with tracked events. The console, sparingly, unless given. */
  readonly onError?: ErrorHook;
}

export interface RetryPolicy extends BackOffOptions {
  readonly refusedMs: number;
}

export interface DeliverySettings {
  readonly batch: {
    readonly maxEvents: number;
    readonly maxBytes: number;
    readonly maxWaitMs: number;
    readonly maxInFlight: number;
    readonly gzipFromBytes: number;
  };
  readonly queue: { readonly maxEvents: number; readonly maxBytes: number };
  readonly retry: RetryPolicy;
}

function within(name: string, value: number, minimum: number, maximum: number): number {
  if (!(value >= minimum && value <= maximum))
    throw new RangeError(`${name} must be between ${minimum} and ${maximum}, not ${value}`);
  return value;
}

export function resolveDelivery({ batch = {}, queue = {}, retry = {} }: DeliveryOptions): DeliverySettings {
  const hour = 3_600_000;
  return {
    batch: {
      maxEvents: within('batch.maxEvents', batch.maxEvents ?? 100, 1, 1000),
      maxBytes: within('batch.maxBytes', batch.maxBytes ?? 1_000_000, 1, 100_000_000),
      maxWaitMs: within('batch.maxWaitMs', batch.maxWaitMs ?? 1000, 0, hour),
      maxInFlight: within('batch.maxInFlight', batch.maxInFlight ?? 1, 1, 64),
      gzipFromBytes: within(
        'batch.gzipFromBytes',
        batch.gzipFromBytes ?? Number.POSITIVE_INFINITY,
        0,
        Number.POSITIVE_INFINITY,
      ),
    },
    queue: {
      maxEvents: within('queue.maxEvents', queue.maxEvents ?? 10_000, 1, 10_000_000),
      maxBytes: within('queue.maxBytes', queue.maxBytes ?? 20_000_000, 1, 10_000_000_000),
    },
    retry: {
      initialMs: within('retry.initialMs', retry.initialMs ?? 500, 1, hour),
      maxMs: within('retry.maxMs', retry.maxMs ?? 30_000, 1, hour),
      refusedMs: within('retry.refusedMs', retry.refusedMs ?? 60_000, 1, 24 * hour),
    },
  };
}

export interface ConnectionSettings {
  /** @throws TypeError when the options give no way to the service. */
  urlOf(service: ServiceName): string;
  /** Whether the options name an address of the service itself. */
  hasOwnUrl(service: ServiceName): boolean;
  credential(): string | undefined | Promise<string | undefined>;
  /** The API key, where that is the credential. */
  readonly apiKey: string | undefined;
  readonly fetch: FetchLike;
  readonly requestTimeoutMs: number;
  readonly environment: Environment;
}

export function resolveConnection(options: ConnectionOptions): ConnectionSettings {
  const given: Record<ServiceName, string | undefined> = {
    ingestion: options.ingestionUrl,
    storage: options.storageUrl,
    dashboard: options.dashboardUrl,
    analytics: options.analyticsUrl,
    alerting: options.alertingUrl,
  };
  const trimmed = (url: string): string => url.replace(/\/+$/, '');
  const { getToken, token, apiKey } = options;
  return {
    urlOf(service) {
      const own = given[service];
      if (own !== undefined) return trimmed(own);
      if (given.dashboard !== undefined) return `${trimmed(given.dashboard)}/api/${service}`;
      throw new TypeError(`StreamFlow was given neither ${service}Url nor dashboardUrl`);
    },
    hasOwnUrl: (service) => given[service] !== undefined,
    credential: getToken ?? (() => token ?? apiKey),
    apiKey: getToken === undefined && token === undefined ? apiKey : undefined,
    // Called as a plain function: browsers refuse a fetch that is the method of another object.
    fetch: options.fetch ?? ((url, request) => fetch(url, request)),
    requestTimeoutMs: within('requestTimeoutMs', options.requestTimeoutMs ?? 30_000, 1, 3_600_000),
    environment: options.environment ?? systemEnvironment,
  };
}
