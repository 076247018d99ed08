import type { ConfigValues } from './schema.ts';
import type { KeyedSetting } from './setting-list.ts';
import type { Given } from './sources.ts';

/** What somebody set without the effect that its name promises, each with the reason. */
export function effectWarnings(
  values: ConfigValues,
  settings: readonly KeyedSetting[],
  given: ReadonlyMap<string, Given>,
): { readonly warnings: readonly string[]; readonly traceEndpoint: string | null } {
  const warnings: string[] = [];
  for (const { key, setting } of settings) {
    const set = given.get(key);
    if (set === undefined) continue;
    if (setting.needs !== null && !given.has(setting.needs)) {
      const needed = settings.find((other) => other.key === setting.needs)?.setting.env;
      warnings.push(`${key} has no effect without ${setting.needs} (${needed}) (${set.source})`);
    } else if (setting.remark !== null) warnings.push(`${key}: ${setting.remark} (${set.source})`);
  }
  const traces = tracing(values);
  if (values.server.cors_allowed_origins.includes('*'))
    warnings.push('server.cors_allowed_origins is *: pages of any origin may call the APIs');
  return { warnings: [...warnings, ...traces.warnings], traceEndpoint: traces.endpoint };
}

/** The documented endpoint is that of Jaeger's own format, which it has given up for OTLP on port 4318. */
function tracing(values: ConfigValues): {
  readonly endpoint: string | null;
  readonly warnings: readonly string[];
} {
  const { enabled, endpoint } = values.monitoring.jaeger;
  if (!enabled) return { endpoint: null, warnings: [] };
  if (endpoint === null)
    return {
      endpoint: null,
      warnings: [
        'monitoring.jaeger.enabled has no effect without monitoring.jaeger.endpoint (JAEGER_ENDPOINT)',
      ],
    };
  const url = new URL(endpoint);
  if (!url.pathname.startsWith('/api/traces')) return { endpoint, warnings: [] };
  const otlp = `${url.protocol}//${url.hostname}:4318/v1/traces`;
  return {
    endpoint: otlp,
    warnings: [
      `monitoring.jaeger.endpoint is an endpoint of Jaeger's old format and is read as ${otlp}, OTLP`,
    ],
  };
}
