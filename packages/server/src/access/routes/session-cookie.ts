import type { IncomingHttpHeaders } from 'node:http';
import { sessionCookieName } from '@streamflow/contracts';
import { StreamFlowError } from '../../domain/errors.ts';

/*
 * A browser's refresh token lives in a cookie that no script can read and no other site can make it send. Requests that
 * use or set it are also refused when a page of another origin made them: SameSite alone lets through what comes from
 * another port or a subdomain. Their body is JSON, which no form can send.
 */
export interface SessionCookie {
  /** Value of `Set-Cookie`. */
  set(refreshToken: string, maxAgeSeconds: number): string;
  clear(): string;
  /** The refresh token that the request carries; null without one. */
  read(headers: IncomingHttpHeaders): string | null;
}

export function createSessionCookie({ secure }: { readonly secure: boolean }): SessionCookie {
  // The prefix makes browsers refuse the cookie from another host, a subdomain, or without TLS.
  const name = secure ? `__Host-${sessionCookieName}` : sessionCookieName;
  const attributes = `Path=/; HttpOnly; SameSite=Strict${secure ? '; Secure' : ''}`;
  return {
    set: (token, maxAge) => `${name}=${token}; Max-Age=${maxAge}; ${attributes}`,
    clear: () => `${name}=; Max-Age=0; ${attributes}`,
    read(headers) {
      for (const pair of (headers.cookie ?? '').split(';')) {
        const [key, value] = pair.trim().split('=');
        if (key === name && value !== undefined && value !== '') return value;
      }
      return null;
    },
  };
}

/** Refuses what a page of another origin sent; programs send no origin. */
export function expectOwnOrigin({ origin, host }: IncomingHttpHeaders): void {
  if (origin === undefined) return;
  if (URL.canParse(origin)) {
    const page = new URL(origin);
    // By the URL's own rules, so that a port that goes without saying may be said.
    const own = `${page.protocol}//${host}`;
    if (URL.canParse(own) && new URL(own).host === page.host) return;
  }
  throw new StreamFlowError(
    'PermissionDenied',
    'Pages of this origin may not use the cookie of the session',
    {
      details: { field: 'Origin' },
    },
  );
}
