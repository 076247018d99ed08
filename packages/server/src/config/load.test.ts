import { resolve } from 'node:path';
import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { ConfigError, type LoadOptions, loadConfig } from './load.ts';
import type { Problem } from './sources.ts';

const goodSecret = 'a-signing-secret-of-more-than-32-bytes';

function load(
  env: Record<string, string> = {},
  yaml?: string,
  more: Partial<LoadOptions> = {},
): ReturnType<typeof loadConfig> {
  return loadConfig({
    env,
    cwd: '/srv/streamflow',
    readFile: (path) => (path === '/srv/streamflow/config.yaml' ? (yaml ?? null) : null),
    ...more,
  });
}

function problemsOf(...args: Parameters<typeof load>): readonly Problem[] {
  try {
    load(...args);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

describe('loadConfig', () => {
  it('needs nothing: the defaults are the embedded shape on the documented ports', () => {
    const { config, warnings, file } = load();
    expect(warnings).toEqual([]);
    expect(file).toBeNull();
    expect(config.shape).toBe('embedded');
    expect(config.host).toBe('127.0.0.1');
    expect(config.dataDir).toBe('/srv/streamflow/data');
    expect(config.services).toEqual({
      ingestion: { port: 8001, url: null },
      analytics: { port: 8002, url: null },
      alerting: { port: 8003, url: null },
      dashboard: { port: 8004 },
      storage: { port: 8005, url: null },
    });
    expect(config.limits).toEqual({
      max_body_bytes: 5_242_880,
      max_batch_events: 1000,
      max_event_bytes: 65_536,
      max_json_depth: 32,
      max_tags: 64,
      max_future_seconds: 300,
    });
    expect(config.rate_limiting).toMatchObject({ requests_per_minute: 100, key_requests_per_minute: 6000 });
  });

  it('lets the environment win over the file, and flags over both', () => {
    const yaml =
      'monitoring:\n  logging:\n    level: ERROR\n    format: text\nservices:\n  storage:\n    port: 1\n';
    const { config, sources } = load({ LOG_LEVEL: 'debug', STORAGE_PORT: '2' }, yaml, {
      flags: { 'services.storage.port': '3', 'server.host': undefined },
    });
    expect(config.monitoring.logging).toEqual({ level: 'DEBUG', format: 'text' });
    expect(config.services.storage.port).toBe(3);
    expect(sources.get('monitoring.logging.format')).toBe('/srv/streamflow/config.yaml line 4');
    expect(sources.get('monitoring.logging.level')).toBe('environment variable LOG_LEVEL');
    expect(sources.get('services.storage.port')).toBe('flag for services.storage.port');
  });

  it('takes the documented environment whole', () => {
    const { config } = load({
      ENVIRONMENT: 'production',
      DEBUG: 'false',
      APP_NAME: 'StreamFlow',
      APP_VERSION: '0.1.0',
      DATABASE_URL: 'postgresql+asyncpg://user:pass@localhost/streamflow',
      DATABASE_POOL_SIZE: '20',
      DATABASE_MAX_OVERFLOW: '30',
      RABBITMQ_URL: 'amqp://user:pass@localhost:5672/',
      RABBITMQ_EXCHANGE_EVENTS: 'events',
      RABBITMQ_EXCHANGE_ANALYTICS: 'analytics',
      RABBITMQ_EXCHANGE_ALERTS: 'alerts',
      REDIS_URL: 'redis://localhost:6379/0',
      REDIS_MAX_CONNECTIONS: '50',
      JWT_SECRET_KEY: goodSecret,
      JWT_ALGORITHM: 'HS256',
      JWT_EXPIRE_MINUTES: '30',
      INGESTION_PORT: '8001',
      PROMETHEUS_ENABLED: 'true',
      JAEGER_ENABLED: 'true',
      LOG_LEVEL: 'INFO',
      LOG_FORMAT: 'json',
      RATE_LIMIT_ENABLED: 'true',
      RATE_LIMIT_REQUESTS_PER_MINUTE: '100',
      RATE_LIMIT_BURST_SIZE: '10',
      RABBITMQ_MAX_CONNECTIONS: '20',
      RABBITMQ_HEARTBEAT: '600',
      DATABASE_ECHO: 'True',
      BCRYPT_ROUNDS: '12',
    });
    expect(config.shape).toBe('server');
    expect(config.host).toBe('0.0.0.0');
    expect(config.database.url?.reveal()).toBe('postgresql://user:pass@localhost/streamflow');
    expect(config.database.echo).toBe(true);
    expect(config.rabbitmq.heartbeat).toBe(600);
    expect(config.app.environment).toBe('production');
  });

  it('takes the documented file whole, and says what of it has no effect', () => {
    const { warnings, config } = load(
      {},
      `
app: { name: StreamFlow, version: 0.1.0, environment: development, debug: false }
database: { url: 'postgresql+asyncpg://user:pass@localhost/streamflow', pool_size: 20, max_overflow: 30, echo: false }
rabbitmq:
  url: amqp://user:pass@localhost:5672/
  exchanges: { events: events, analytics: analytics, alerts: alerts }
  max_connections: 10
  heartbeat: 600
redis: { url: 'redis://localhost:6379/0', max_connections: 50 }
security:
  jwt: { secret_key: ${goodSecret}, algorithm: HS256, expire_minutes: 30 }
  bcrypt_rounds: 12
monitoring:
  prometheus: { enabled: true, port: 8080 }
  jaeger: { enabled: true, endpoint: 'http://jaeger:14268/api/traces' }
  logging: { level: INFO, format: json }
rate_limiting: { enabled: true, requests_per_minute: 100, burst_size: 10 }
`,
    );
    expect(config.traceEndpoint).toBe('http://jaeger:4318/v1/traces');
    expect(warnings.map((warning) => warning.split(/[: ]/)[0])).toEqual([
      'app.name',
      'app.version',
      'database.max_overflow',
      'rabbitmq.max_connections',
      'redis.max_connections',
      'security.bcrypt_rounds',
      'monitoring.jaeger.endpoint',
    ]);
  });

  it.each([
    ['0.25', 0.25],
    ['.5', 0.5],
    ['1', 1],
  ])('reads %j as a share', (given, share) => {
    expect(load({ JAEGER_SAMPLE_RATIO: given }).config.monitoring.jaeger.sample_ratio).toBe(share);
  });

  it.each(['1.5', '-0.1', '10%', 'much'])('refuses %j as a share', (given) => {
    expect(problemsOf({ JAEGER_SAMPLE_RATIO: given })).toMatchObject([
      {
        key: 'monitoring.jaeger.sample_ratio',
        message: expect.stringContaining('must be a number from 0 to 1'),
      },
    ]);
  });

  it('reports every problem at once, each with its key, its source and what was expected', () => {
    const problems = problemsOf(
      { INGESTION_PORT: 'eighty', LOG_LEVEL: 'LOUD', RABBITMQ_URL: 'http://x:secretword@host' },
      'rate_limiting:\n  requests_per_minut: 5\nstorage: 7\nservices:\n  storage:\n    port: 70000\n',
      { flags: { 'server.hosst': 'x' } },
    );
    expect(problems.map(({ key, source, message }) => `${key} | ${source} | ${message}`)).toEqual([
      'rate_limiting.requests_per_minut | /srv/streamflow/config.yaml line 2 | is not a setting; did you mean rate_limiting.requests_per_minute?',
      'storage | /srv/streamflow/config.yaml line 3 | must be a section with settings in it',
      'server.hosst | flag | is not a setting; did you mean server.host?',
      'services.ingestion.port | environment variable INGESTION_PORT | must be a whole number from 0 to 65535, not "eighty"',
      'services.storage.port | /srv/streamflow/config.yaml line 6 | must be a whole number from 0 to 65535, not 70000',
      'rabbitmq.url | environment variable RABBITMQ_URL | must be an address that begins with amqp:// or amqps://',
      'monitoring.logging.level | environment variable LOG_LEVEL | must be one of DEBUG, INFO, WARNING, ERROR, CRITICAL, not "LOUD"',
    ]);
  });

  it('names the line of a file that is not YAML, and a file that is not there', () => {
    expect(problemsOf({}, 'app:\n  name: [a\n')[0]).toMatchObject({
      key: '',
      source: expect.stringMatching(/config\.yaml line \d/),
    });
    expect(problemsOf({ STREAMFLOW_CONFIG: 'other.yaml' })).toEqual([
      {
        key: '',
        source: 'environment variable STREAMFLOW_CONFIG',
        message: `There is no file ${resolve('/srv/streamflow/other.yaml')}`,
      },
    ]);
  });

  it('never shows a secret, however the configuration is printed', () => {
    const { config } = load({
      JWT_SECRET_KEY: goodSecret,
      DATABASE_URL: 'postgres://user:hunter2@db/streamflow',
      STREAMFLOW_ADMIN_PASSWORD: 'correct horse',
    });
    for (const printed of [JSON.stringify(config), inspect(config, { depth: 9 }), `${config.database.url}`])
      expect(printed).not.toMatch(/hunter2|correct horse|a-signing-secret/);
    expect(`${config.database.url}`).toBe('postgres://user:********@db/streamflow');
  });

  it('refuses placeholder and short signing secrets in production, and warns of them elsewhere', () => {
    const production = { ENVIRONMENT: 'production' };
    expect(problemsOf({ ...production, JWT_SECRET_KEY: 'your-secret-key-here' })[0]?.message).toMatch(
      /placeholder/,
    );
    expect(problemsOf({ ...production, JWT_SECRET_KEY: 'short' })[0]?.message).toMatch(/32 bytes/);
    expect(problemsOf({ ...production, JWT_SECRET_KEY: goodSecret })).toEqual([]);
    expect(load({ JWT_SECRET_KEY: 'short' }).warnings[0]).toMatch(/production refuses it/);
  });

  it('holds the secrets before it to the same, and shows none of them', () => {
    const env = { JWT_PREVIOUS_SECRET_KEYS: `${goodSecret}, short`, ENVIRONMENT: 'production' };
    expect(problemsOf(env)).toMatchObject([{ key: 'security.jwt.previous_secret_keys' }]);
    const { config } = load({ JWT_PREVIOUS_SECRET_KEYS: `${goodSecret},${goodSecret}2` });
    const previous = config.security.jwt.previous_secret_keys;
    expect(previous.map((secret) => secret.reveal())).toEqual([goodSecret, `${goodSecret}2`]);
    expect(JSON.stringify(config)).not.toContain(goodSecret);
  });

  it('wants a signing secret as soon as servers are used', () => {
    const problems = problemsOf({ RABBITMQ_URL: 'amqp://localhost' });
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatchObject({ key: 'security.jwt.secret_key', source: 'set JWT_SECRET_KEY' });
  });

  it('makes a process die on purpose in a test alone', () => {
    const env = { STREAMFLOW_CRASH_POINT: 'storage.after_commit:3' };
    for (const environment of ['production', 'staging', 'development'])
      expect(problemsOf({ ...env, ENVIRONMENT: environment, JWT_SECRET_KEY: goodSecret })).toMatchObject([
        { key: 'testing.crash_point', source: 'environment variable STREAMFLOW_CRASH_POINT' },
      ]);
    expect(load({ ...env, ENVIRONMENT: 'test' }).config.testing.crash_point).toBe('storage.after_commit:3');
    expect(problemsOf({ STREAMFLOW_CRASH_POINT: 'storage.sometime:3', ENVIRONMENT: 'test' })).toHaveLength(1);
  });

  it('warns of settings that need another one, and of variables that look misspelt', () => {
    const { warnings } = load({
      RABBITMQ_HEARTBEAT: '30',
      STREAMFLOW_DATA_DIRR: '/x',
      JAEGER_ENABLED: 'true',
    });
    expect(warnings).toEqual([
      'Environment variable STREAMFLOW_DATA_DIRR has no effect: did you mean STREAMFLOW_DATA_DIR?',
      'rabbitmq.heartbeat has no effect without rabbitmq.url (RABBITMQ_URL) (environment variable RABBITMQ_HEARTBEAT)',
      'monitoring.jaeger.enabled has no effect without monitoring.jaeger.endpoint (JAEGER_ENDPOINT)',
    ]);
  });

  it('takes an empty variable as not set', () => {
    expect(load({ RABBITMQ_URL: '', LOG_LEVEL: ' ' }).config.shape).toBe('embedded');
  });

  it('reads numbers by name from text and from YAML, and checks every one', () => {
    const expected = { error: 365, 'web.*': 7, 'shop.order': 0 };
    const fromText = load({ STORAGE_RETENTION_DAYS_BY_TYPE: 'error=365, web.*=7,shop.order = 0,' });
    expect(fromText.config.storage.retention_days_by_type).toEqual(expected);
    const yaml = (days: string) => `storage:\n  retention_days_by_type: ${days}\n`;
    const fromYaml = load({}, yaml('{ error: 365, "web.*": 7, shop.order: "0" }'));
    expect(fromYaml.config.storage).toMatchObject({ retention_days: 0, retention_days_by_type: expected });
    expect(load().config.storage.retention_days_by_type).toEqual({});
    for (const wrong of [
      'error',
      'error=',
      'error=-1',
      'error=1.5',
      'error=99999',
      '=5',
      '*=5',
      'a=1,a=2',
      '__proto__=1',
    ])
      expect(problemsOf({ STORAGE_RETENTION_DAYS_BY_TYPE: wrong })).toEqual([
        expect.objectContaining({
          key: 'storage.retention_days_by_type',
          message: expect.stringContaining('a whole number from 0 to 36500'),
        }),
      ]);
    for (const wrong of ['[error]', '{ error: [1] }', '{ error: 1e9 }', '5'])
      expect(problemsOf({}, yaml(wrong))).toHaveLength(1);
  });

  it('reads lists from text and from YAML, and checks every item', () => {
    const yaml = 'events:\n  types: [shop.order, shop.*]\n';
    const { config } = load({ CORS_ALLOWED_ORIGINS: 'https://a.example, http://b.example:8080' }, yaml);
    expect(config.events.types).toEqual(['shop.order', 'shop.*']);
    expect(config.server.cors_allowed_origins).toEqual(['https://a.example', 'http://b.example:8080']);
    expect(problemsOf({ CORS_ALLOWED_ORIGINS: 'https://a.example/path' })).toHaveLength(1);
    expect(problemsOf({ TRUSTED_PROXIES: '10.0.0.0/8,fe80::/129' })).toHaveLength(1);
    expect(problemsOf({ EVENTS_TYPES: 'Shop.Order' })).toHaveLength(1);
    expect(problemsOf({}, 'events:\n  types: [1]\n')).toHaveLength(1);
  });
});
