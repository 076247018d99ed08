import type { ServiceName } from '@streamflow/contracts';
import type { Config } from './config/load.ts';
import type { Log } from './domain/log.ts';
import type { Tracing } from './domain/tracing.ts';
import type { Teardown } from './lifecycle.ts';
import type { Metrics } from './observability/metrics.ts';
import { version } from './version.ts';

interface Opening {
  readonly config: Pick<Config, 'traceEndpoint' | 'monitoring'>;
  readonly log: Log;
  readonly metrics: Pick<Metrics, 'onSpansExported'>;
  readonly teardown: Pick<Teardown, 'push'>;
}

/** Where the spans of this process go; null, and none of the libraries loaded, without an endpoint. */
export async function openTraces(
  { config, log, metrics, teardown }: Opening,
  run: readonly ServiceName[],
): Promise<Tracing | null> {
  const { traceEndpoint: endpoint } = config;
  if (endpoint === null) return null;
  const { openTracing } = await import('./observability/tracing.ts');
  const [only] = run;
  const tracing = openTracing({
    endpoint,
    sampleRatio: config.monitoring.jaeger.sample_ratio,
    serviceName: run.length === 1 && only !== undefined ? `streamflow-${only}` : 'streamflow',
    version,
    log,
    onExported: metrics.onSpansExported,
  });
  teardown.push('traces', () => tracing.close());
  return tracing;
}
