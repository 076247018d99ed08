import { isIP } from 'node:net';
import { defaultPorts } from '@streamflow/contracts';
import Type from 'typebox';
import { choice, integer, list, optionalText, share, text, toggle } from '../setting.ts';

/* The program itself: what it is called, where it keeps data, where it listens, and what it shows of itself. */

const port = (env: string, fallback: number, description: string) =>
  integer({ env, description, default: fallback, minimum: 0, maximum: 65_535 });

function isAddressRange(item: string): boolean {
  const [host = '', prefix, more] = item.split('/');
  const version = isIP(host);
  if (version === 0 || more !== undefined) return false;
  return (
    prefix === undefined || (/^[0-9]{1,3}$/.test(prefix) && Number(prefix) <= (version === 6 ? 128 : 32))
  );
}

const isOrigin = (item: string): boolean =>
  item === '*' || (/^https?:\/\//.test(item) && URL.canParse(item) && new URL(item).origin === item);

export const app = Type.Object({
  name: text({
    env: 'APP_NAME',
    description: 'Accepted for compatibility.',
    default: 'StreamFlow',
    remark: 'the program does not show a name of the installation anywhere',
  }),
  version: optionalText({
    env: 'APP_VERSION',
    description: 'Accepted for compatibility.',
    remark: 'the version that is reported is always that of the program',
  }),
  environment: choice({
    env: 'ENVIRONMENT',
    description: 'In production, placeholder and short secrets are refused.',
    values: ['development', 'test', 'staging', 'production'],
    default: 'development',
  }),
  debug: toggle({
    env: 'DEBUG',
    description: 'Puts stack traces into the logs, never into answers.',
    default: false,
  }),
});

export const dataDir = text({
  env: 'STREAMFLOW_DATA_DIR',
  description: 'Directory of everything that the embedded engines keep, relative to the working directory.',
  default: './data',
});

export const server = Type.Object({
  host: optionalText({
    env: 'HOST',
    description: 'Address to listen on. 127.0.0.1 with the embedded engines alone, otherwise 0.0.0.0.',
    pattern: /^[\w.:%-]+$/,
    expected: 'a host name or an IP address',
  }),
  behind_tls: toggle({
    env: 'BEHIND_TLS',
    description:
      'Says that browsers reach this server through a proxy that speaks TLS and passes `Host` on: cookies are for TLS alone, and browsers are told to use nothing else (HSTS).',
    default: false,
  }),
  drain_ms: integer({
    env: 'DRAIN_MS',
    description:
      'How long after SIGTERM requests are still taken while /ready says no: the time that a load balancer needs to notice.',
    unit: 'milliseconds',
    default: 0,
    minimum: 0,
    maximum: 15_000,
  }),
  trusted_proxies: list({
    env: 'TRUSTED_PROXIES',
    description: 'Proxies whose X-Forwarded-For tells the address of the client.',
    isItem: isAddressRange,
    items: 'IP addresses or CIDR ranges',
    default: [],
  }),
  cors_allowed_origins: list({
    env: 'CORS_ALLOWED_ORIGINS',
    description:
      'Origins of web pages that may call the APIs and open WebSockets, beside those of the server itself.',
    isItem: isOrigin,
    items: 'origins like https://dashboard.example.com, or *',
    default: [],
  }),
});

const serviceUrl = (env: string, service: string) =>
  optionalText({
    env,
    description: `Where the dashboard reaches the ${service} service; its port on this machine unless set.`,
    pattern: /^https?:\/\/[^\s/?#@]+\/?$/,
    expected: 'an address like http://storage:8005, without a path',
  });

export const services = Type.Object({
  ingestion: Type.Object({
    port: port('INGESTION_PORT', defaultPorts.ingestion, 'Port of the ingestion service.'),
    url: serviceUrl('INGESTION_URL', 'ingestion'),
  }),
  analytics: Type.Object({
    port: port('ANALYTICS_PORT', defaultPorts.analytics, 'Port of the analytics service.'),
    url: serviceUrl('ANALYTICS_URL', 'analytics'),
  }),
  alerting: Type.Object({
    port: port('ALERTING_PORT', defaultPorts.alerting, 'Port of the alerting service.'),
    url: serviceUrl('ALERTING_URL', 'alerting'),
  }),
  dashboard: Type.Object({
    port: port('DASHBOARD_PORT', defaultPorts.dashboard, 'Port of the dashboard service.'),
  }),
  storage: Type.Object({
    port: port('STORAGE_PORT', defaultPorts.storage, 'Port of the storage service.'),
    url: serviceUrl('STORAGE_URL', 'storage'),
  }),
});

export const monitoring = Type.Object({
  prometheus: Type.Object({
    enabled: toggle({
      env: 'PROMETHEUS_ENABLED',
      description: 'Shows the figures of the whole process on a port of their own.',
      default: true,
    }),
    port: port('PROMETHEUS_PORT', 8080, 'That port. When it is taken, the process warns and goes on.'),
  }),
  jaeger: Type.Object({
    enabled: toggle({ env: 'JAEGER_ENABLED', description: 'Sends traces.', default: false }),
    endpoint: optionalText({
      env: 'JAEGER_ENDPOINT',
      description: 'Where traces go, OTLP over HTTP: `http://jaeger:4318/v1/traces`. Off unless it is set.',
      pattern: /^https?:\/\/\S+$/,
      expected: 'an address that begins with http:// or https://',
    }),
    sample_ratio: share({
      env: 'JAEGER_SAMPLE_RATIO',
      description:
        'Share of the requests that are traced, from 0 to 1. A request whose `traceparent` says that its caller is traced is traced always.',
      default: 0.1,
    }),
  }),
  logging: Type.Object({
    level: choice({
      env: 'LOG_LEVEL',
      description: 'Least level that is logged.',
      values: ['DEBUG', 'INFO', 'WARNING', 'ERROR', 'CRITICAL'],
      default: 'INFO',
    }),
    format: choice({
      env: 'LOG_FORMAT',
      description: 'One JSON object a line, or text for people.',
      values: ['json', 'text'],
      default: 'json',
    }),
  }),
});
