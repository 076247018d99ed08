import { type HttpRequest, StreamFlow } from '@streamflow/client';
import { useSyncExternalStore } from 'react';

/** Why nobody is signed in. */
export type SignedOut = 'never' | 'asked' | 'expired';

const storageKey = 'streamflow.token';
const listeners = new Set<() => void>();
let token = sessionStorage.getItem(storageKey);
let signedOut: SignedOut = 'never';

function setToken(next: string | null, why: SignedOut): void {
  token = next;
  signedOut = why;
  if (next === null) sessionStorage.removeItem(storageKey);
  else sessionStorage.setItem(storageKey, next);
  for (const listener of listeners) listener();
}

export const currentToken = (): string | null => token;
export const whySignedOut = (): SignedOut => signedOut;
export const signOut = (): void => setToken(null, 'asked');

/** Whether somebody is signed in; a page that shows it follows. */
export const useSignedIn = (): boolean =>
  useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => token !== null,
  );

/** The way to all services: this origin alone, with whatever credential there is at the moment. */
export const client = new StreamFlow({
  dashboardUrl: location.origin,
  getToken: () => token ?? undefined,
  fetch: async (url: string, request: HttpRequest) => {
    const used = token;
    const response = await fetch(url, request);
    // A token that the server takes no more; a wrong password at sign-in is another thing.
    if (response.status === 401 && used !== null && used === token) setToken(null, 'expired');
    return response;
  },
});

/** @throws StreamFlowApiError */
export async function signIn(username: string, password: string): Promise<void> {
  const { access_token } = await client.auth.login(username, password);
  setToken(access_token, 'never');
}
