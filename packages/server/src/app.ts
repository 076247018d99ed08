import { randomFillSync, randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { permissions, type ServiceName, serviceNames } from '@streamflow/contracts';
import { createAccess } from './access/access.ts';
import type { FirstAdministrator } from './access/administrator.ts';
import { loadOrCreateJwtSecret } from './access/jwt-secret-file.ts';
import type { Config } from './config/load.ts';
import { withCrashPoint } from './crash-points.ts';
import { dataFiles } from './data-files.ts';
import { type Clock, systemClock } from './domain/clock.ts';
import { createEventTypes } from './domain/events/event-types.ts';
import type { Log } from './domain/log.ts';
import { systemTimers } from './domain/timers.ts';
import { lockDataDirectory } from './engines/data-directory-lock.ts';
import { guardDisk } from './guard-disk.ts';
import { createControlServer } from './http/control-server.ts';
import { startMonitoring } from './http/monitoring-server.ts';
import { createHttpServer } from './http/server.ts';
import type { Principal, Service } from './http/service.ts';
import { createAcceptanceLedger } from './ledger/acceptance-ledger.ts';
import { createTeardown, startWithTeardown, type Teardown, type TeardownReport } from './lifecycle.ts';
import { createDefinedMetrics } from './live-metrics/defined-metrics.ts';
import { applyDefinitionFiles } from './live-metrics/definition-files.ts';
import { createDefinitionSource } from './live-metrics/definition-source.ts';
import { createLiveMetrics } from './live-metrics/live-metrics.ts';
import { createMetrics } from './observability/metrics.ts';
import { openBus, openDatabase, openEvents, openRateLimiter, openRecords } from './open-engines.ts';
import { openTraces } from './open-traces.ts';
import {
  mailServerOf,
  rateLimitsOf,
  retentionOf,
  sealingSecretsOf,
  serviceUrl,
  smsAccountOf,
} from './service-settings.ts';
import { createAlerting } from './services/alerting/alerting.ts';
import { createNotifiers } from './services/alerting/create-notifiers.ts';
import { createAnalytics } from './services/analytics/analytics.ts';
import { createDashboard } from './services/dashboard/dashboard.ts';
import { readSiteFiles } from './services/dashboard/site-files.ts';
import { createIngestion } from './services/ingestion/ingestion.ts';
import { createStorage } from './services/storage/storage.ts';
import { siteDirectory } from './site-directory.ts';
import { traceReads } from './trace-reads.ts';
import { version } from './version.ts';
import { watchAlerting, watchStorage } from './watch-services.ts';

export interface AppOptions {
  readonly config: Config;
  readonly log: Log;
  /** Those that do their work and listen on their ports; `command` for a local command. */
  readonly run: readonly ServiceName[] | 'command';
  readonly clock?: Clock;
  /**
   * Told at the very first start, as soon as the administrator is made and before anything else can fail: a password
   * that was made is known to nobody else, ever.
   */
  readonly onAdministrator: (administrator: FirstAdministrator) => void;
  /** Whether the log takes DEBUG at this moment; never unless given. */
  readonly logsRequests?: () => boolean;
}

export interface App {
  /** Where each service listens. */
  readonly addresses: ReadonlyMap<ServiceName, string>;
  /** Serves every service under `/<service>` to whoever may open it; null where processes share the engines. */
  readonly socketPath: string | null;
  /** Stops accepting, drains, flushes and closes, within so many milliseconds. */
  stop(deadlineMs: number): Promise<TeardownReport>;
}

/** Whoever can open the socket in the data directory could read and write the data all the same. */
const owner: Principal = {
  kind: 'local',
  id: 'local',
  name: 'command line',
  role: 'admin',
  permissions: new Set(permissions),
  project: 'default',
};

const startDeadlineMs = 10_000;

/** Services that are given live metrics. */
const readsLiveMetrics: readonly ServiceName[] = ['analytics', 'alerting', 'dashboard'];

/** Opens the engines, starts the services and listens. A failed start leaves nothing behind. */
export function startApp({
  config,
  log,
  run,
  onAdministrator,
  clock = systemClock,
  logsRequests = () => false,
}: AppOptions): Promise<App> {
  const teardown = createTeardown(log);
  return startWithTeardown(teardown, startDeadlineMs, async () => {
    if (config.keepsData) {
      await mkdir(config.dataDir, { recursive: true, mode: 0o700 });
      const lock = lockDataDirectory(config.dataDir);
      teardown.push('data directory', () => lock.release());
    }
    const metrics = createMetrics({ version });
    const opening = { config, clock, log, metrics, teardown };
    const tracing = run === 'command' ? null : await openTraces(opening, run);

    const database = openDatabase(opening);
    const records = await openRecords(opening, database);
    const jwtSecret =
      config.security.jwt.secret_key?.reveal() ??
      (await loadOrCreateJwtSecret(dataFiles(config.dataDir).jwtSecret));
    const access = createAccess({
      records,
      clock,
      log,
      jwt: {
        secret: jwtSecret,
        previousSecrets: config.security.jwt.previous_secret_keys.map((secret) => secret.reveal()),
        algorithm: config.security.jwt.algorithm,
        expireMinutes: config.security.jwt.expire_minutes,
        issuer: 'streamflow',
        audience: 'streamflow',
      },
      sessionLifetimeMs: config.security.session_hours * 3_600_000,
      keyGraceMs: config.security.key_grace_seconds * 1000,
      secureCookies: config.server.behind_tls,
    });
    teardown.push('access', () => access.close());
    const { email, password } = config.security.admin;
    const administrator = await access.ensureAdministrator({
      ...(email === null ? {} : { email }),
      ...(password === null ? {} : { password: password.reveal() }),
    });
    if (administrator !== null) onAdministrator(administrator);
    const rateLimiter = await openRateLimiter(opening);
    const stored = await openEvents(opening, database);
    const system = config.engines.events === 'postgres' ? 'postgresql' : 'clickhouse';
    const opened = {
      events: tracing === null ? stored : traceReads(stored, tracing, system),
      bus: await guardDisk(opening, await openBus(opening)),
    };
    const { crash_point: crashPoint } = config.testing;
    const die = () => void process.kill(process.pid, 'SIGKILL');
    const { events, bus } =
      crashPoint === null ? opened : withCrashPoint(opened, { crashPoint, random: Math.random, die });

    const addresses = new Map<ServiceName, string>();
    const definitions = createDefinitionSource({ records, timers: systemTimers, log });
    const maxTagValues = config.analytics.max_tag_values;
    const live = createLiveMetrics({
      bus,
      events,
      definitions,
      clock,
      timers: systemTimers,
      log: log.child({ part: 'live-metrics' }),
      maxTagValues,
    });
    if (run !== 'command' && run.some((name) => readsLiveMetrics.includes(name))) {
      // Before live metrics are filled from the store, so that those of files are too.
      if (run.includes('analytics'))
        await applyDefinitionFiles({
          paths: config.analytics.metric_files,
          records,
          project: 'default',
          newId: randomUUID,
          log,
        });
      definitions.start();
      teardown.push('metric definitions', async () => definitions.stop());
      await live.start();
      teardown.push('live metrics', () => live.stop());
      metrics.watchGauge(
        'streamflow_live_metrics_recomputed_seconds',
        'Seconds that were computed again from the stored events since the start.',
        () => live.recomputedSeconds,
      );
      metrics.watchGauge(
        'streamflow_live_metrics_tag_overflow',
        'Measurements that had no place of their own in live metrics since the start.',
        () => live.overflow,
      );
    }

    const ports = {
      ingestion: config.services.ingestion.port,
      analytics: config.services.analytics.port,
      alerting: config.services.alerting.port,
      dashboard: config.services.dashboard.port,
      storage: config.services.storage.port,
    };
    const services: Record<ServiceName, Service> = {
      ingestion: createIngestion({
        bus,
        events,
        ledger: createAcceptanceLedger({
          records,
          clock,
          timers: systemTimers,
          newId: randomUUID,
          name: `${hostname()}:${process.pid}`,
          // The data directory, which has both, is locked.
          alone: config.engines.bus === 'segment-log' && config.engines.records === 'sqlite',
          log: log.child({ service: 'ingestion' }),
        }),
        clock,
        fillRandom: randomFillSync,
        limits: {
          maxBatchEvents: config.limits.max_batch_events,
          maxEventBytes: config.limits.max_event_bytes,
          maxJsonDepth: config.limits.max_json_depth,
          maxTags: config.limits.max_tags,
          maxFutureSeconds: config.limits.max_future_seconds,
        },
        types: createEventTypes({ types: config.events.types, accept: config.events.accept }),
        maxBodyBytes: config.limits.max_body_bytes,
        anonymousProject: config.ingestion.allow_anonymous ? 'default' : null,
        observer: metrics.ingestion,
        log: log.child({ service: 'ingestion' }),
        tracing,
      }),
      analytics: createAnalytics({
        bus,
        events,
        records,
        definitions,
        live,
        clock,
        timers: systemTimers,
        newId: randomUUID,
        log: log.child({ service: 'analytics' }),
        metrics,
        // Another one after a restart, though a container has the same host and process id again.
        worker: `${hostname()}:${process.pid}:${randomUUID().slice(0, 8)}`,
        allowedLatenessMs: config.analytics.allowed_lateness_seconds * 1000,
        maxTagValues,
      }),
      alerting: createAlerting({
        bus,
        records,
        events,
        maxTagValues,
        live: run === 'command' ? null : live,
        defined: createDefinedMetrics(records, randomUUID),
        ruleFiles: config.alerting.rule_files,
        notifiers: createNotifiers({
          allowPrivateTargets: config.alerting.allow_private_targets,
          allowedNetworks: config.alerting.allowed_networks,
          mailServer: mailServerOf(config),
          smsAccount: smsAccountOf(config),
          now: () => clock.now(),
        }),
        secrets: sealingSecretsOf(config, jwtSecret),
        publicUrl: config.alerting.public_url?.reveal().replace(/\/+$/, '') ?? null,
        project: 'default',
        alone: config.engines.records === 'sqlite',
        clock,
        timers: systemTimers,
        random: Math.random,
        newId: randomUUID,
        metrics: metrics.alerting,
        log: log.child({ service: 'alerting' }),
        tracing,
      }),
      dashboard: createDashboard({
        bus,
        records,
        events,
        live,
        clock,
        urlOf: (name) => serviceUrl(config, name, addresses.get(name)),
        files: await readSiteFiles(siteDirectory()),
        timers: systemTimers,
        log: log.child({ service: 'dashboard' }),
        metrics,
        routes: access.adminRoutes(),
      }),
      storage: createStorage({
        bus,
        events,
        records,
        clock,
        random: Math.random,
        log: log.child({ service: 'storage' }),
        metrics: metrics.storage,
        tracing,
        block: {
          maxRows: config.storage.block_rows,
          maxBytes: config.storage.block_bytes,
          maxWaitMs: config.storage.block_wait_ms,
        },
        ...(run === 'command' ? {} : { retention: retentionOf(config) }),
      }),
    };
    watchAlerting(metrics, services.alerting.figures);
    // A command stores what it finds in a bus of this process, and leaves the work on a shared one to the services. It
    // counts what it takes in itself.
    const commandWork: readonly ServiceName[] =
      config.engines.bus === 'rabbitmq'
        ? ['ingestion']
        : serviceNames.filter((name) => !readsLiveMetrics.includes(name));
    const working = run === 'command' ? commandWork : run;
    for (const name of run === 'command' ? serviceNames : run) {
      if (working.includes(name)) await services[name].start();
      teardown.push(name, () => services[name].stop());
    }

    if (run !== 'command' && run.includes('storage')) watchStorage(metrics, services.storage.figures);

    const limits = { maxBodyBytes: config.limits.max_body_bytes, maxJsonDepth: config.limits.max_json_depth };
    const sharedRoutes = access.authRoutes();
    const socketPath = await controlSocketPath(config, run, teardown);
    if (socketPath !== null) {
      const control = await createControlServer({
        services: serviceNames.map((name) => services[name]),
        sharedRoutes,
        principal: owner,
        audit: access.audit,
        limits,
        clock,
        log,
      });
      await control.listen(socketPath);
      teardown.push('control socket', () => control.close());
    }
    const listen = run === 'command' ? [] : run;
    if (listen.length > 0 && config.monitoring.prometheus.enabled) {
      const monitoring = await startMonitoring({
        host: config.host,
        port: config.monitoring.prometheus.port,
        metrics,
        log,
      });
      teardown.push('monitoring port', () => monitoring.close());
    }

    const servers = await Promise.all(
      listen.map((name) =>
        createHttpServer({
          service: services[name],
          sharedRoutes,
          access: {
            authenticate: access.authenticate,
            allowAnonymous: config.ingestion.allow_anonymous,
          },
          audit: access.audit,
          rateLimiter,
          rateLimits: rateLimitsOf(config),
          limits,
          metrics,
          tracing,
          log: log.child({ service: name }),
          clock,
          behindTls: config.server.behind_tls,
          corsOrigins: config.server.cors_allowed_origins,
          trustedProxies: config.server.trusted_proxies,
          logRequests: logsRequests,
          version,
        }),
      ),
    );
    teardown.push('HTTP servers', async () => {
      for (const server of servers) server.drain();
      if (addresses.size > 0) await setTimeout(config.server.drain_ms);
      await Promise.all(servers.map((server) => server.close()));
    });
    for (const [index, server] of servers.entries()) {
      const name = listen[index];
      if (name === undefined) continue;
      const bound = await server.listen(config.host, ports[name]);
      addresses.set(name, `http://${bound.host}:${bound.port}`);
    }
    return { addresses, socketPath, stop: (deadlineMs) => teardown.run(deadlineMs) };
  });
}

/** In the data directory, where commands look for it; of a command without one, where nobody else looks. */
async function controlSocketPath(
  config: Config,
  run: AppOptions['run'],
  teardown: Teardown,
): Promise<string | null> {
  if (config.keepsData) return dataFiles(config.dataDir).controlSocket;
  if (run !== 'command') return null;
  const directory = await mkdtemp(join(tmpdir(), 'streamflow-'));
  teardown.push('directory of the control socket', () => rm(directory, { recursive: true, force: true }));
  return join(directory, 'control.sock');
}
