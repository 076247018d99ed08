import { type HttpRequest, StreamFlow, StreamFlowApiError } from '@streamflow/client';
import type { TokenResponse } from '@streamflow/contracts';
import { useSyncExternalStore } from 'react';

/*
 * The access token is in memory alone, where it ends with the page. What outlives a reload is the refresh token, in a
 * cookie that no script can read. `hint` says `open` when there is one, so that strangers are not refused at their first
 * visit, and `leaving` until the server knows that somebody signed out.
 */

/** Why nobody is signed in. */
export type SignedOut = 'never' | 'asked' | 'expired';

interface Token {
  readonly text: string;
  /** When it is time for the next one: well before it ends. */
  readonly renewAt: number;
}

const hint = 'streamflow.session';
const listeners = new Set<() => void>();
let token: Token | null = null;
let signedOut: SignedOut = 'never';
let renewing: Promise<void> | undefined;
let restoring: Promise<void> | undefined;

function become(next: Token | null): void {
  token = next;
  for (const listener of listeners) listener();
}

function enter({ access_token, expires_in }: TokenResponse): void {
  localStorage.setItem(hint, 'open');
  become({ text: access_token, renewAt: Date.now() + expires_in * 800 });
}

function leave(why: SignedOut): void {
  signedOut = why;
  become(null);
}

/** For what needs no token, and must not ask for one. */
const visitor = new StreamFlow({ dashboardUrl: location.origin });

/** Takes the next token by the cookie. Without an answer all stays as it is, and is tried again when it is needed. */
function renew(): Promise<void> {
  renewing ??= visitor.auth
    .refresh()
    .then(
      (answer) => {
        // Unless somebody signed out in the meantime.
        if (localStorage.getItem(hint) === 'open') enter(answer);
      },
      (error: unknown) => {
        if (!(error instanceof StreamFlowApiError) || error.status !== 401) return;
        localStorage.removeItem(hint);
        leave('expired');
      },
    )
    .finally(() => {
      renewing = undefined;
    });
  return renewing;
}

/** Tells the server; where it is away, the next page does. */
const endSession = (): Promise<void> =>
  visitor.auth.logout().then(
    () => localStorage.removeItem(hint),
    () => {},
  );

/** Resolves when it is known whether the session of an earlier page goes on in this one. */
export function restoreSession(): Promise<void> {
  const known = localStorage.getItem(hint);
  restoring ??= known === 'open' ? renew() : known === 'leaving' ? endSession() : Promise.resolve();
  return restoring;
}

// Whoever signs out in one tab means all of them.
addEventListener('storage', ({ key, newValue }) => {
  if (key === hint && newValue !== 'open' && token !== null) leave('asked');
});

export const isSignedIn = (): boolean => token !== null;
export const whySignedOut = (): SignedOut => signedOut;

/** Whether somebody is signed in; a page that shows it follows. */
export const useSignedIn = (): boolean =>
  useSyncExternalStore((listener) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  }, isSignedIn);

/** The way to all services: this origin alone, with whatever credential there is at the moment. */
export const client = new StreamFlow({
  dashboardUrl: location.origin,
  getToken: async () => {
    if (token !== null && Date.now() >= token.renewAt) await renew();
    return token?.text;
  },
  fetch: async (url: string, request: HttpRequest) => {
    const used = token;
    const response = await fetch(url, request);
    if (response.status !== 401 || used === null) return response;
    // The server takes this token no more: once more with the next one, if there is one.
    if (used === token) await renew();
    if (token === null || token === used) return response;
    return fetch(url, {
      ...request,
      headers: { ...request.headers, authorization: `Bearer ${token.text}` },
    });
  },
});

/** @throws StreamFlowApiError */
export async function signIn(username: string, password: string): Promise<void> {
  enter(await visitor.auth.login(username, password, { session: 'cookie' }));
}

/** Ends the session, here at once. */
export function signOut(): void {
  localStorage.setItem(hint, 'leaving');
  leave('asked');
  void endSession();
}
