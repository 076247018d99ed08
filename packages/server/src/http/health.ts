import type { HealthResponse, ReadyResponse } from '@streamflow/contracts';
import type { Clock } from '../domain/clock.ts';
import { StreamFlowError } from '../domain/errors.ts';
import type { Log } from '../domain/log.ts';
import type { HealthCheck, Service } from './service.ts';

/** How long a dependency may take to answer a check, milliseconds. */
const checkTimeoutMs = 2000;

type Checks = HealthResponse['checks'];
type CheckResult = Exclude<Checks[string], number>;

export interface HealthOptions {
  readonly service: Pick<Service, 'name' | 'checks' | 'essentialChecks' | 'figures'>;
  /** Checks of what the service can do without: a failure leaves it healthy. */
  readonly dispensable?: readonly string[];
  readonly version: string;
  readonly clock: Clock;
  readonly log: Log;
}

export interface Health {
  health(): Promise<HealthResponse>;
  /** Not ready while starting or stopping, and while a dependency is away without which nothing works. */
  ready(isReady: boolean): Promise<ReadyResponse>;
}

export function createHealth(options: HealthOptions): Health {
  const { service, dispensable = [], version, clock, log } = options;
  const lastStatus = new Map<string, CheckResult['status']>();
  let running: Promise<Checks> | null = null;

  const run = async (name: string, check: HealthCheck): Promise<CheckResult> => {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(
        () => reject(new StreamFlowError('ServiceUnavailable', `No answer within ${checkTimeoutMs} ms`)),
        checkTimeoutMs,
      );
    });
    let result: CheckResult;
    try {
      const figures = await Promise.race([check(), late]);
      result = { ...figures, status: 'healthy' };
    } catch (error) {
      // The answer is public: what an unknown error says stays in the log.
      const message = error instanceof StreamFlowError ? error.message : 'The check failed; the log says why';
      result = { status: dispensable.includes(name) ? 'degraded' : 'unhealthy', message };
      if (lastStatus.get(name) !== result.status) log.warning('Health check failed', { check: name, error });
    } finally {
      clearTimeout(timer);
    }
    if (result.status === 'healthy' && (lastStatus.get(name) ?? 'healthy') !== 'healthy')
      log.info('Health check passes again', { check: name });
    lastStatus.set(name, result.status);
    return result;
  };

  const runAll = async (): Promise<Checks> => {
    const results = await Promise.all(
      Object.entries(service.checks).map(async ([name, check]) => [name, await run(name, check)] as const),
    );
    const checks: Checks = Object.fromEntries(results);
    for (const [name, figure] of Object.entries(service.figures)) checks[name] = figure();
    return checks;
  };

  /** Requests that come while the dependencies are being asked share the answer, so that a flood asks once. */
  const shared = (): Promise<Checks> => {
    running ??= runAll().finally(() => {
      running = null;
    });
    return running;
  };

  return {
    async health() {
      const checks = await shared();
      const failed = Object.values(checks).some(
        (check) => typeof check !== 'number' && check.status === 'unhealthy',
      );
      return {
        status: failed ? 'unhealthy' : 'healthy',
        service: service.name,
        version,
        timestamp: new Date(clock.now()).toISOString(),
        checks,
      };
    },
    async ready(isReady) {
      const checks = await shared();
      const works = service.essentialChecks.every((name) => {
        const check = checks[name];
        return typeof check === 'object' && check.status === 'healthy';
      });
      return { status: isReady && works ? 'ready' : 'not_ready', service: service.name, checks };
    },
  };
}
