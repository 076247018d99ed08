import type { ServiceName } from '@streamflow/contracts';
import type { Config } from './config/load.ts';
import { systemTimers } from './domain/timers.ts';
import type { RateLimits } from './http/rate-limits.ts';
import type { MailServer } from './services/alerting/notifiers/email.ts';
import type { SmsAccount } from './services/alerting/notifiers/sms.ts';
import type { StorageOptions } from './services/storage/storage.ts';

/* What the configuration says in the words of the services. */

/** Null when nothing is limited. */
export function rateLimitsOf({ rate_limiting: limits }: Config): RateLimits | null {
  if (!limits.enabled) return null;
  return {
    requestsPerMinute: limits.requests_per_minute,
    burstSize: limits.burst_size,
    keyRequestsPerMinute: limits.key_requests_per_minute,
    userRequestsPerMinute: limits.dashboard_per_minute,
    socketsPerAddress: limits.websockets_per_ip,
  };
}

/** Where any number of processes append, a removal is another's until it has been open for so long, milliseconds. */
const othersRemovalMs = 300_000;

export function retentionOf({
  storage,
  engines,
  security,
}: Config): NonNullable<StorageOptions['retention']> {
  // 0 days are for ever.
  const orNull = (days: number): number | null => (days === 0 ? null : days);
  const byType = Object.entries(storage.retention_days_by_type);
  return {
    days: {
      general: orNull(storage.retention_days),
      byType: Object.fromEntries(byType.map(([type, days]) => [type, orNull(days)])),
    },
    auditDays: orNull(security.audit_retention_days),
    timers: systemTimers,
    settleAfterMs: engines.events === 'postgres' ? othersRemovalMs : 0,
  };
}

/** Where the dashboard reaches a service: where it is configured to be, or listens in this process or on its port. */
export function serviceUrl(config: Config, name: ServiceName, listening: string | undefined): string {
  const settings = config.services[name];
  if ('url' in settings && settings.url !== null) return settings.url.replace(/\/$/, '');
  // A server on all interfaces is reached by the loopback one.
  return (
    listening?.replace(/\/\/(?:0\.0\.0\.0|\[?::\]?):/, '//127.0.0.1:') ?? `http://127.0.0.1:${settings.port}`
  );
}

export function mailServerOf({ smtp }: Config): MailServer | null {
  return smtp.url === null || smtp.from === null ? null : { url: smtp.url.reveal(), from: smtp.from };
}

export function smsAccountOf({ sms }: Config): SmsAccount | null {
  const { api_url: url, account_sid: sid, auth_token: token, from } = sms;
  if (url === null || sid === null || token === null || from === null) return null;
  return { apiUrl: url.reveal(), sid, token: token.reveal(), from };
}

/**
 * What is secret of channels is sealed with the first. The others may have sealed it before: the secret that signs tokens,
 * until there was one of its own, and the previous ones of both.
 */
export function sealingSecretsOf(
  { alerting, security }: Config,
  jwtSecret: string,
): readonly [string, ...string[]] {
  const own = alerting.secret_key?.reveal() ?? null;
  const before = [...alerting.previous_secret_keys, ...security.jwt.previous_secret_keys];
  return [own ?? jwtSecret, ...(own === null ? [] : [jwtSecret]), ...before.map((secret) => secret.reveal())];
}
