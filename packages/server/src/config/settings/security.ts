import Type from 'typebox';
import { choice, integer, optionalText, secret, secretList, toggle } from '../setting.ts';

/* Who may do what, and how often. */

export const security = Type.Object({
  jwt: Type.Object({
    secret_key: secret({
      env: 'JWT_SECRET_KEY',
      description:
        'Signs tokens. With the embedded engines alone, one is made and kept in the data directory unless it is set.',
      expected: 'a secret of at least 32 bytes',
    }),
    previous_secret_keys: secretList({
      env: 'JWT_PREVIOUS_SECRET_KEYS',
      description:
        'Secrets that signed tokens before, whose tokens are still taken. To change the secret without signing anybody out, put the old one here on every server first, and take it out when the longest session is over.',
      expected: 'secrets of at least 32 bytes, separated by commas or as a YAML list',
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
  session_hours: integer({
    env: 'SESSION_HOURS',
    description: 'From sign-in to the end of a session, however often its token is refreshed.',
    unit: 'hours',
    default: 168,
    minimum: 1,
    maximum: 8760,
  }),
  key_grace_seconds: integer({
    env: 'KEY_GRACE_SECONDS',
    description:
      'How long an API key that was found good is still taken while the database does not answer, so that events are accepted meanwhile. 0: five seconds, as for users.',
    unit: 'seconds',
    default: 300,
    minimum: 0,
    maximum: 86_400,
  }),
  audit_retention_days: integer({
    env: 'AUDIT_RETENTION_DAYS',
    description: 'How long entries of the audit log are kept; 0 for ever.',
    unit: 'days',
    default: 400,
    minimum: 0,
    maximum: 36_500,
  }),
  bcrypt_rounds: integer({
    env: 'BCRYPT_ROUNDS',
    description: 'Accepted for compatibility.',
    default: 12,
    minimum: 1,
    maximum: 31,
    remark: 'passwords are hashed with Argon2id, which has no rounds of bcrypt',
  }),
  admin: Type.Object({
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
});

export const rateLimiting = Type.Object({
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
});

export const ingestion = Type.Object({
  allow_anonymous: toggle({
    env: 'INGESTION_ALLOW_ANONYMOUS',
    description: 'Takes events without credentials.',
    default: false,
  }),
});
