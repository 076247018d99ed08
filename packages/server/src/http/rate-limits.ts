import type { ServiceName } from '@streamflow/contracts';
import { StreamFlowError } from '../domain/errors.ts';
import type { RateLimitDecision, RateLimiter } from '../engines/rate-limiter/port.ts';
import { addressKey } from './client-address.ts';
import type { Principal } from './service.ts';

/** How often a caller may come, in fixed windows of one minute. */
export interface RateLimits {
  /** Requests a minute of one address: ingestion, sign-in, and failed authentication. */
  readonly requestsPerMinute: number;
  /** What a window may hold on top of each of the rates. */
  readonly burstSize: number;
  /** Requests a minute of one API key, on every service. */
  readonly keyRequestsPerMinute: number;
  /** Requests a minute of one user, shared by all services but ingestion. */
  readonly userRequestsPerMinute: number;
  /** WebSockets of one address that are open at the same time. */
  readonly socketsPerAddress: number;
}

/** Decides under which key and limit a request counts; null when it is not limited. */
export interface RatePolicy {
  forPrincipal(principal: Principal, address: string): RateLimitDecision | Promise<RateLimitDecision> | null;
  /** Sign-in and failed authentication: counted by address over all services, so that guessing is slow. */
  forStranger(address: string): RateLimitDecision | Promise<RateLimitDecision>;
}

export function createRatePolicy(service: ServiceName, limiter: RateLimiter, limits: RateLimits): RatePolicy {
  const byAddress = limits.requestsPerMinute + limits.burstSize;
  const byUser = limits.userRequestsPerMinute + limits.burstSize;
  return {
    forPrincipal(principal, address) {
      if (principal.kind === 'local') return null;
      if (principal.kind === 'key') {
        const rate = principal.requestsPerMinute ?? limits.keyRequestsPerMinute;
        return limiter.take(`key:${principal.id}`, rate + limits.burstSize);
      }
      if (service === 'ingestion') return limiter.take(`ingestion:${addressKey(address)}`, byAddress);
      return limiter.take(`user:${principal.id}`, byUser);
    },
    forStranger: (address) => limiter.take(`access:${addressKey(address)}`, byAddress),
  };
}

/** Whole seconds from now, milliseconds, until a time in seconds; at least one. */
export const secondsUntil = (time: number, now: number): number => Math.max(1, Math.ceil(time - now / 1000));

export function rateLimitExceeded(decision: RateLimitDecision, now: number): StreamFlowError {
  const retryAfter = secondsUntil(decision.resetAt, now);
  return new StreamFlowError(
    'RateLimitExceeded',
    `Rate limit exceeded. Try again in ${retryAfter} seconds.`,
    {
      retryAfter,
      details: { limit: decision.limit, remaining: 0 },
    },
  );
}
