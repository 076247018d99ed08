import type { Me, ServiceName, TokenResponse } from '@streamflow/contracts';
import { type ApiKeysApi, createApiKeysApi, createUsersApi, type UsersApi } from './access-api.ts';
import {
  type AlertsApi,
  type ChannelsApi,
  createAlertsApi,
  createChannelsApi,
  createRulesApi,
  createSilencesApi,
  type RulesApi,
  type SilencesApi,
} from './alerting-api.ts';
import { type AlertsOptions, AlertsSocket } from './alerts-socket.ts';
import type { StreamFlowApiError } from './api-error.ts';
import { createDeadLettersApi, type DeadLettersApi } from './dead-letters-api.ts';
import { createDelivery, type Deliver, type Refusal } from './delivery.ts';
import type { Environment } from './environment.ts';
import { EventSender, parse } from './event-sender.ts';
import { type EventTailOptions, EventTailSocket } from './event-tail-socket.ts';
import { createEventsApi, type EventsApi } from './events-api.ts';
import type { FollowDependencies } from './following-socket.ts';
import { Gate } from './gate.ts';
import { IngestionSocket, type IngestionSocketOptions } from './ingestion-socket.ts';
import { type LiveMetricsOptions, LiveMetricsSocket } from './live-metrics-socket.ts';
import { createMetricDefinitionsApi, type MetricDefinitionsApi } from './metric-definitions-api.ts';
import { type AnalyticsApi, createAnalyticsApi, createMetricsApi, type MetricsApi } from './metrics-api.ts';
import {
  type ConnectionSettings,
  type RetryPolicy,
  resolveConnection,
  resolveDelivery,
  type StreamFlowOptions,
} from './options.ts';
import { currentPage, sendOnPageExit } from './page-exit.ts';
import type { Query } from './query-string.ts';
import type { WebSocketConstructor } from './socket-types.ts';
import { createSystemApi, type SystemApi } from './system-api.ts';
import { createConsoleHook, type ErrorHook, TrackError } from './track-error.ts';
import { serialiseEvent, type TrackInput } from './track-event.ts';
import { createTransport, jsonBody, type Transport } from './transport.ts';
import { createUuidSource } from './uuid.ts';

export interface RequestOptions {
  readonly query?: Query | undefined;
  /** Sent as JSON. */
  readonly body?: unknown;
  readonly signal?: AbortSignal | undefined;
}

export interface BulkOptions {
  /** Ends the delivery: it rejects with the signal's reason, and what was not answered may or may not have arrived. */
  readonly signal?: AbortSignal | undefined;
  /** Called with the reason before each wait for another attempt. */
  readonly onRetry?: ((error: StreamFlowApiError) => void) | undefined;
  /** Called with each answer that accepted events: when the server received them, by its own clock. */
  readonly onReceived?: ((receivedAt: string) => void) | undefined;
}

/**
 * A client of StreamFlow: sends events in the background, and reads them.
 *
 * An event has its id and its time from the moment of `track`, and is sent again with them until StreamFlow answers, so
 * nothing that was tracked is lost or stored twice as long as the process lives and the queue has room.
 *
 * In Node, what waits to be sent keeps the process alive; `close` bounds that.
 */
export class StreamFlow {
  /** Reading events: pages, single events, aggregations, exports. */
  readonly events: EventsApi;
  /** Metrics over time, from the stored events. */
  readonly metrics: MetricsApi;
  /** Metrics that users define. */
  readonly metricDefinitions: MetricDefinitionsApi;
  /** Trends and distributions. */
  readonly analytics: AnalyticsApi;
  /** Who may sign in. */
  readonly users: UsersApi;
  /** Keys of programs. */
  readonly apiKeys: ApiKeysApi;
  /** What could not be processed. */
  readonly deadLetters: DeadLettersApi;
  /** When to alert, and whom. */
  readonly rules: RulesApi;
  /** Rules that fire or fired. */
  readonly alerts: AlertsApi;
  /** Where alerts go. */
  readonly channels: ChannelsApi;
  /** Quiet for alerts that fit. */
  readonly silences: SilencesApi;
  /** How the system itself is. */
  readonly system: SystemApi;

  readonly #connection: ConnectionSettings;
  readonly #environment: Environment;
  readonly #transport: Transport;
  readonly #deliver: Deliver;
  readonly #sender: EventSender;
  readonly #source: string | undefined;
  readonly #onError: ErrorHook;
  readonly #makeId: () => string;
  readonly #forgetPage: (() => void) | undefined;
  readonly #retry: RetryPolicy;
  #closed = false;

  /** @throws RangeError when an option is out of its bounds. */
  constructor(options: StreamFlowOptions) {
    const settings = resolveDelivery(options);
    this.#connection = resolveConnection(options);
    this.#environment = this.#connection.environment;
    this.#transport = createTransport(this.#connection);
    this.#deliver = createDelivery({
      transport: this.#transport,
      environment: this.#environment,
      gate: new Gate(this.#environment, settings.retry),
      gzipFromBytes: settings.batch.gzipFromBytes,
      refusedMs: settings.retry.refusedMs,
    });
    this.#retry = settings.retry;
    this.#onError = options.onError ?? createConsoleHook(this.#environment);
    const sender = new EventSender({
      deliver: this.#deliver,
      settings,
      environment: this.#environment,
      onError: this.#onError,
    });
    this.#sender = sender;
    this.#source = options.source;
    this.#makeId = createUuidSource(this.#environment);
    this.events = createEventsApi(this.#transport);
    this.metrics = createMetricsApi(this.#transport);
    this.metricDefinitions = createMetricDefinitionsApi(this.#transport);
    this.analytics = createAnalyticsApi(this.#transport);
    this.users = createUsersApi(this.#transport);
    this.apiKeys = createApiKeysApi(this.#transport);
    this.deadLetters = createDeadLettersApi(this.#transport);
    this.rules = createRulesApi(this.#transport);
    this.alerts = createAlertsApi(this.#transport);
    this.channels = createChannelsApi(this.#transport);
    this.silences = createSilencesApi(this.#transport);
    this.system = createSystemApi(this.#transport);
    const page = currentPage();
    if (page !== undefined)
      this.#forgetPage = sendOnPageExit(page, this.#connection, () => sender.unanswered());
  }

  /** Events in memory that are not answered yet. */
  get pending(): number {
    return this.#sender.pending;
  }

  /**
   * Takes an event and returns its id at once; it is sent in the background. Returns null when the event cannot be
   * taken: it is not one, the queue is full, or the client was closed. `onError` is then told, with the event.
   */
  track(event: TrackInput): string | null {
    try {
      const tracked = serialiseEvent(event, this.#source, this.#makeId, this.#environment);
      if (this.#closed) throw new TrackError('closed', 'The client was closed', [parse(tracked)]);
      if (!this.#sender.push(tracked))
        throw new TrackError('queue-full', 'The queue is full; the event was dropped', [parse(tracked)]);
      return tracked.id;
    } catch (error) {
      if (!(error instanceof TrackError)) throw error;
      this.#onError(error);
      return null;
    }
  }

  /**
   * Sends everything tracked so far without waiting for full batches, and resolves when it is answered or the time is
   * over, with the number of events that are not answered yet.
   */
  async flush(options: { readonly timeoutMs?: number } = {}): Promise<{ readonly pending: number }> {
    await this.#sender.flush(options.timeoutMs);
    return { pending: this.#sender.pending };
  }

  /**
   * Takes no more events, flushes for at most `timeoutMs` (5,000) and stops. What could not be sent is given to
   * `onError` and counted in the result.
   */
  async close(options: { readonly timeoutMs?: number } = {}): Promise<{ readonly unsent: number }> {
    this.#closed = true;
    await this.#sender.flush(options.timeoutMs ?? 5000);
    this.#forgetPage?.();
    const unsent = this.#sender.stop();
    if (unsent.length > 0)
      this.#onError(
        new TrackError('unsent', `${unsent.length} events could not be sent in time`, unsent.map(parse)),
      );
    return { unsent: unsent.length };
  }

  /**
   * Sends events in bulk, each the JSON text of an event that carries its id, in one request of at most 1,000, again
   * and again until each is accepted or refused; several calls may be under way. Returns those that were refused.
   */
  deliver(events: readonly string[], options: BulkOptions = {}): Promise<readonly Refusal[]> {
    return this.#deliver(events, {
      signal: options.signal ?? new AbortController().signal,
      sentAt: false,
      onRetry: options.onRetry,
      onReceived: options.onReceived,
    });
  }

  /**
   * Any request to a service: returns the parsed JSON of a successful answer.
   * @throws StreamFlowApiError
   */
  request<T>(service: ServiceName, method: string, path: string, options: RequestOptions = {}): Promise<T> {
    return this.#transport.exchange<T>(service, method, path, {
      query: options.query,
      signal: options.signal,
      ...(options.body === undefined ? {} : { body: jsonBody(options.body) }),
    });
  }

  readonly auth = {
    /** Signs in by e-mail address and password. Give the token to a client by `token` or `getToken`. */
    login: (
      username: string,
      password: string,
      /** `cookie`, for pages of the dashboard: the refresh token goes to a cookie that scripts cannot read. */
      options: { readonly session?: 'token' | 'cookie' } = {},
    ): Promise<TokenResponse> =>
      this.request<TokenResponse>(this.#signInService(), 'POST', '/auth/login', {
        body: { username, password, ...options },
      }),
    /**
     * New tokens for a refresh token, that of the cookie unless given, which is used up; a lost answer may be asked for
     * again within ten seconds.
     */
    refresh: (refreshToken?: string): Promise<TokenResponse> =>
      this.request<TokenResponse>(this.#signInService(), 'POST', '/auth/refresh', {
        body: refreshToken === undefined ? {} : { refresh_token: refreshToken },
      }),
    /** Ends the session of the refresh token, that of the cookie unless given. */
    logout: async (refreshToken?: string): Promise<void> => {
      await this.request(this.#signInService(), 'POST', '/auth/logout', {
        body: refreshToken === undefined ? {} : { refresh_token: refreshToken },
      });
    },
    /** Who the credential is of, and what it may do. */
    me: async (): Promise<Me> =>
      (await this.request<{ data: Me }>(this.#signInService(), 'GET', '/auth/me')).data,
  };

  /**
   * Opens a socket on which each event is acknowledged by itself. It reconnects for as long as it is open.
   * @throws TypeError where there is no WebSocket to use, or no address of the ingestion service
   */
  connectIngestionSocket(options: IngestionSocketOptions = {}): IngestionSocket {
    const WebSocket = options.WebSocket ?? globalWebSocket();
    if (WebSocket === undefined) throw new TypeError(noWebSocket);
    this.#connection.urlOf('ingestion');
    return new IngestionSocket({
      connection: this.#connection,
      WebSocket,
      source: this.#source,
      makeId: this.#makeId,
      environment: this.#environment,
      retry: this.#retry,
      maxUnanswered: options.maxUnanswered ?? 1000,
      pingMs: options.pingMs ?? 30_000,
      onError: options.onError ?? this.#onError,
    });
  }

  /**
   * Follows live metrics, reconnecting for as long as it is open.
   * @throws TypeError where there is no WebSocket to use, or no address of the dashboard service
   */
  followLiveMetrics(options: LiveMetricsOptions): LiveMetricsSocket {
    return new LiveMetricsSocket(this.#following('dashboard', options.WebSocket), options);
  }

  /**
   * Follows events as they are stored, reconnecting for as long as it is open.
   * @throws TypeError where there is no WebSocket to use, or no address of the dashboard service
   */
  followEvents(options: EventTailOptions): EventTailSocket {
    return new EventTailSocket(this.#following('dashboard', options.WebSocket), options);
  }

  /**
   * Follows alerts, reconnecting for as long as it is open.
   * @throws TypeError where there is no WebSocket to use, or no address of the alerting service
   */
  followAlerts(options: AlertsOptions): AlertsSocket {
    return new AlertsSocket(this.#following('alerting', options.WebSocket), options);
  }

  #following(service: ServiceName, given: WebSocketConstructor | undefined): FollowDependencies {
    const WebSocket = given ?? globalWebSocket();
    if (WebSocket === undefined) throw new TypeError(noWebSocket);
    this.#connection.urlOf(service);
    return { connection: this.#connection, WebSocket, environment: this.#environment, retry: this.#retry };
  }

  /** Every service signs in; the dashboard's address is the one that people have. */
  #signInService(): ServiceName {
    const services: readonly ServiceName[] = ['dashboard', 'storage', 'ingestion'];
    return services.find((service) => this.#connection.hasOwnUrl(service)) ?? 'ingestion';
  }
}

const noWebSocket = 'There is no global WebSocket here; give one, for example that of the ws package';
const globalWebSocket = (): WebSocketConstructor | undefined =>
  typeof WebSocket === 'undefined' ? undefined : WebSocket;
