import { isIP } from 'node:net';
import { defaultPorts, eventTypePattern } from '@streamflow/contracts';
import Type from 'typebox';
import { address, choice, integer, list, optionalText, secret, text, toggle } from './setting.ts';

/*
 * Every setting of StreamFlow, written once: its key in config.yaml, its environment variable, what it accepts and its
 * default. The types, the checks, the warnings and docs/reference/configuration.md come from here.
 */

const kilobyte = 1024;
const megabyte = 1024 * kilobyte;
const gigabyte = 1024 * megabyte;
const section = Type.Object;

const port = (env: string, fallback: number, description: string) =>
  integer({ env, description, default: fallback, minimum: 0, maximum: 65_535 });

const exchange = (name: string) =>
  text({
    env: `RABBITMQ_EXCHANGE_${name.toUpperCase()}`,
    description: `Name of the ${name} exchange.`,
    default: name,
    pattern: /^[\w.:-]{1,127}$/,
    expected: 'a name of letters, digits, and . _ : -',
    needs: 'rabbitmq.url',
  });

const eventTypes = new RegExp(`${eventTypePattern.slice(0, -1)}(\\.\\*)?$`);

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

export const configSchema = section({
  app: section({
    name: text({
      env: 'APP_NAME',
      description: 'Name of this installation in logs and messages.',
      default: 'StreamFlow',
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
  }),
  data_dir: text({
    env: 'STREAMFLOW_DATA_DIR',
    description: 'Directory of everything that the embedded engines keep, relative to the working directory.',
    default: './data',
  }),
  server: section({
    host: optionalText({
      env: 'HOST',
      description: 'Address to listen on. 127.0.0.1 with the embedded engines alone, otherwise 0.0.0.0.',
      pattern: /^[\w.:%-]+$/,
      expected: 'a host name or an IP address',
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
  }),
  services: section({
    ingestion: section({
      port: port('INGESTION_PORT', defaultPorts.ingestion, 'Port of the ingestion service.'),
    }),
    analytics: section({
      port: port('ANALYTICS_PORT', defaultPorts.analytics, 'Port of the analytics service.'),
    }),
    alerting: section({
      port: port('ALERTING_PORT', defaultPorts.alerting, 'Port of the alerting service.'),
    }),
    dashboard: section({
      port: port('DASHBOARD_PORT', defaultPorts.dashboard, 'Port of the dashboard service.'),
    }),
    storage: section({ port: port('STORAGE_PORT', defaultPorts.storage, 'Port of the storage service.') }),
  }),
  database: section({
    url: address({
      env: 'DATABASE_URL',
      description:
        'PostgreSQL for records, and for events unless `clickhouse.url` is set. The embedded engines without it.',
      schemes: ['postgresql', 'postgres'],
      rewrite: (url) => url.replace(/^(postgres(?:ql)?)\+[a-z0-9]+:\/\//, '$1://'),
    }),
    pool_size: integer({
      env: 'DATABASE_POOL_SIZE',
      description: 'Connections to PostgreSQL.',
      default: 20,
      minimum: 1,
      maximum: 1000,
      needs: 'database.url',
    }),
    max_overflow: integer({
      env: 'DATABASE_MAX_OVERFLOW',
      description: 'Further connections under load.',
      default: 30,
      minimum: 0,
      maximum: 1000,
      needs: 'database.url',
      remark: 'the pool has one limit: it is database.pool_size and database.max_overflow together',
    }),
    echo: toggle({
      env: 'DATABASE_ECHO',
      description: 'Logs every statement, at DEBUG.',
      default: false,
      needs: 'database.url',
    }),
  }),
  clickhouse: section({
    url: address({
      env: 'CLICKHOUSE_URL',
      description: 'ClickHouse server for events. The embedded engine, or PostgreSQL, without it.',
      schemes: ['http', 'https'],
    }),
  }),
  rabbitmq: section({
    url: address({
      env: 'RABBITMQ_URL',
      description: 'RabbitMQ broker. The embedded bus without it.',
      schemes: ['amqp', 'amqps'],
    }),
    exchanges: section({
      events: exchange('events'),
      analytics: exchange('analytics'),
      alerts: exchange('alerts'),
    }),
    prefix: text({
      env: 'RABBITMQ_PREFIX',
      description:
        'Stands before the name of every exchange and queue, so that installations can share a broker.',
      default: '',
      pattern: /^[\w.:-]{0,64}$/,
      expected: 'at most 64 letters, digits, and . _ : -',
      needs: 'rabbitmq.url',
    }),
    max_connections: integer({
      env: 'RABBITMQ_MAX_CONNECTIONS',
      description: 'Most connections to the broker.',
      default: 10,
      minimum: 1,
      maximum: 1000,
      needs: 'rabbitmq.url',
      remark: 'a process opens two connections, one that publishes and one that consumes, and never more',
    }),
    heartbeat: integer({
      env: 'RABBITMQ_HEARTBEAT',
      description: 'A broker that is silent for so long is taken as gone.',
      unit: 'seconds',
      default: 60,
      minimum: 0,
      maximum: 3600,
      needs: 'rabbitmq.url',
    }),
  }),
  redis: section({
    url: address({
      env: 'REDIS_URL',
      description: 'Redis for rate limits that hold over all processes. Limits of each process without it.',
      schemes: ['redis', 'rediss'],
    }),
    max_connections: integer({
      env: 'REDIS_MAX_CONNECTIONS',
      description: 'Most connections to Redis.',
      default: 50,
      minimum: 1,
      maximum: 10_000,
      needs: 'redis.url',
      remark: 'commands of a process share one pipelined connection',
    }),
  }),
  security: section({
    jwt: section({
      secret_key: secret({
        env: 'JWT_SECRET_KEY',
        description:
          'Signs tokens. With the embedded engines alone, one is made and kept in the data directory unless it is set.',
        expected: 'a secret of at least 32 bytes',
      }),
      algorithm: choice({
        env: 'JWT_ALGORITHM',
        description: 'How tokens are signed.',
        values: ['HS256', 'HS384', 'HS512'],
        default: 'HS256',
      }),
      expire_minutes: integer({
        env: 'JWT_EXPIRE_MINUTES',
        description: 'How long a token is valid.',
        unit: 'minutes',
        default: 30,
        minimum: 1,
        maximum: 1440,
      }),
    }),
    bcrypt_rounds: integer({
      env: 'BCRYPT_ROUNDS',
      description: 'Accepted for compatibility.',
      default: 12,
      minimum: 1,
      maximum: 31,
      remark: 'passwords are hashed with Argon2id, which has no rounds of bcrypt',
    }),
    admin: section({
      email: optionalText({
        env: 'STREAMFLOW_ADMIN_EMAIL',
        description: 'Administrator that the first start creates.',
        pattern: /^[^\s@]+@[^\s@]+$/,
        expected: 'an e-mail address',
      }),
      password: secret({
        env: 'STREAMFLOW_ADMIN_PASSWORD',
        description: 'Password of that administrator; a random one is printed once unless it is set.',
        expected: 'a password',
      }),
    }),
  }),
  monitoring: section({
    prometheus: section({
      enabled: toggle({
        env: 'PROMETHEUS_ENABLED',
        description: 'Shows the figures of the whole process on a port of their own.',
        default: true,
      }),
      port: port('PROMETHEUS_PORT', 8080, 'That port. When it is taken, the process warns and goes on.'),
    }),
    jaeger: section({
      enabled: toggle({ env: 'JAEGER_ENABLED', description: 'Sends traces.', default: false }),
      endpoint: optionalText({
        env: 'JAEGER_ENDPOINT',
        description: 'Where traces go, OTLP over HTTP.',
        pattern: /^https?:\/\/\S+$/,
        expected: 'an address that begins with http:// or https://',
      }),
    }),
    logging: section({
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
  }),
  rate_limiting: section({
    enabled: toggle({
      env: 'RATE_LIMIT_ENABLED',
      description: 'Limits requests and WebSockets.',
      default: true,
    }),
    requests_per_minute: integer({
      env: 'RATE_LIMIT_REQUESTS_PER_MINUTE',
      description: 'Requests to ingestion by address, for callers without an API key; sign-in counts apart.',
      unit: 'requests a minute',
      default: 100,
      minimum: 1,
      maximum: 100_000_000,
    }),
    burst_size: integer({
      env: 'RATE_LIMIT_BURST_SIZE',
      description: 'What a window of one minute may hold on top of each of the rates.',
      unit: 'requests',
      default: 10,
      minimum: 0,
      maximum: 100_000_000,
    }),
    key_requests_per_minute: integer({
      env: 'RATE_LIMIT_KEY_REQUESTS_PER_MINUTE',
      description: 'Requests by API key.',
      unit: 'requests a minute',
      default: 6000,
      minimum: 1,
      maximum: 100_000_000,
    }),
    dashboard_per_minute: integer({
      env: 'RATE_LIMIT_DASHBOARD_PER_MINUTE',
      description: 'Requests by user to the dashboard, storage, analytics and alerting services together.',
      unit: 'requests a minute',
      default: 200,
      minimum: 1,
      maximum: 100_000_000,
    }),
    websockets_per_ip: integer({
      env: 'RATE_LIMIT_WEBSOCKETS_PER_IP',
      description: 'WebSockets of one address that are open at the same time.',
      default: 10,
      minimum: 1,
      maximum: 1_000_000,
    }),
  }),
  ingestion: section({
    allow_anonymous: toggle({
      env: 'INGESTION_ALLOW_ANONYMOUS',
      description: 'Takes events without credentials.',
      default: false,
    }),
  }),
  events: section({
    types: list({
      env: 'EVENTS_TYPES',
      description: 'Event types that are accepted beside the built-in ones.',
      isItem: (item) => eventTypes.test(item),
      items: 'names like shop.order or patterns like shop.*',
      default: [],
    }),
    accept: choice({
      env: 'EVENTS_ACCEPT',
      description: 'Accepts the listed types alone, or any well-formed name.',
      values: ['listed', 'any'],
      default: 'listed',
    }),
    id_horizon_days: integer({
      env: 'EVENTS_ID_HORIZON_DAYS',
      description:
        'For so long an id is recognised whatever timestamp it comes with; with its timestamp, for ever.',
      unit: 'days',
      default: 7,
      minimum: 1,
      maximum: 365,
    }),
  }),
  limits: section({
    max_body_bytes: integer({
      env: 'LIMITS_MAX_BODY_BYTES',
      description: 'Largest request body, counted after decompression.',
      unit: 'bytes',
      default: 5 * megabyte,
      minimum: kilobyte,
      maximum: gigabyte,
    }),
    max_batch_events: integer({
      env: 'LIMITS_MAX_BATCH_EVENTS',
      description: 'Most events in a batch.',
      default: 1000,
      minimum: 1,
      maximum: 100_000,
    }),
    max_event_bytes: integer({
      env: 'LIMITS_MAX_EVENT_BYTES',
      description: 'Largest event, as JSON.',
      unit: 'bytes',
      default: 64 * kilobyte,
      minimum: 256,
      maximum: 16 * megabyte,
    }),
    max_json_depth: integer({
      env: 'LIMITS_MAX_JSON_DEPTH',
      description: 'Deepest nesting of lists and objects.',
      default: 32,
      minimum: 4,
      maximum: 64,
    }),
    max_tags: integer({
      env: 'LIMITS_MAX_TAGS',
      description: 'Most tags of an event.',
      default: 64,
      minimum: 0,
      maximum: 1000,
    }),
    max_future_seconds: integer({
      env: 'LIMITS_MAX_FUTURE_SECONDS',
      description: 'How far ahead of our clock a timestamp may be.',
      unit: 'seconds',
      default: 300,
      minimum: 0,
      maximum: 86_400,
    }),
  }),
  bus: section({
    max_bytes: integer({
      env: 'BUS_MAX_BYTES',
      description: 'What the embedded bus holds for storage on disk; full, events are refused with 503.',
      unit: 'bytes',
      default: 2 * gigabyte,
      minimum: 16 * megabyte,
      maximum: 1024 * gigabyte,
    }),
    publish_timeout_ms: integer({
      env: 'BUS_PUBLISH_TIMEOUT_MS',
      description: 'How long a request waits for its events to be durable before it is answered 503.',
      unit: 'milliseconds',
      default: 5000,
      minimum: 100,
      maximum: 60_000,
    }),
  }),
  storage: section({
    block_rows: integer({
      env: 'STORAGE_BLOCK_ROWS',
      description: 'Most events that are stored together.',
      default: 20_000,
      minimum: 1,
      maximum: 1_000_000,
    }),
    block_bytes: integer({
      env: 'STORAGE_BLOCK_BYTES',
      description: 'Most bytes that are stored together.',
      unit: 'bytes',
      default: 16 * megabyte,
      minimum: megabyte,
      maximum: gigabyte,
    }),
    block_wait_ms: integer({
      env: 'STORAGE_BLOCK_WAIT_MS',
      description: 'Longest time that an event waits for others to be stored with.',
      unit: 'milliseconds',
      default: 200,
      minimum: 0,
      maximum: 10_000,
    }),
  }),
  smtp: section({
    url: address({
      env: 'SMTP_URL',
      description: 'Mail server for alerts.',
      schemes: ['smtp', 'smtps'],
    }),
    from: optionalText({ env: 'SMTP_FROM', description: 'Sender of mails.', needs: 'smtp.url' }),
  }),
  sms: section({
    api_url: address({
      env: 'SMS_API_URL',
      description: 'Service that sends text messages.',
      schemes: ['http', 'https'],
    }),
    account_sid: optionalText({
      env: 'SMS_ACCOUNT_SID',
      description: 'Account at that service.',
      needs: 'sms.api_url',
    }),
    auth_token: secret({
      env: 'SMS_AUTH_TOKEN',
      description: 'Credential at that service.',
      expected: 'a token',
      needs: 'sms.api_url',
    }),
    from: optionalText({ env: 'SMS_FROM', description: 'Sender of text messages.', needs: 'sms.api_url' }),
  }),
});

/** What is set, each key as it stands in config.yaml. */
export type ConfigValues = Type.Static<typeof configSchema>;
