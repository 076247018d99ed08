import { randomBytes, randomUUID } from 'node:crypto';

/** An event as a client sends it. Everything but id and time follows from `n`, so that what is stored can be checked. */
export interface LoadEvent {
  readonly id: string;
  readonly type: string;
  readonly source: string;
  readonly timestamp: string;
  readonly user_id: string;
  readonly data: { readonly n: number; readonly note: string };
}

const types = ['web.click', 'web.pageview', 'api.request', 'api.response', 'error', 'user.activity'];

export const typeOf = (n: number): string => types[n % types.length] ?? '';
export const noteOf = (n: number): string => `event ${n} ${'x'.repeat(n % 200)}`;

/** The faults are told apart by the source of their events. */
export const sourceOf = (fault: string): string => `chaos ${fault}`;

export function makeLoadEvent(n: number, fault: string): LoadEvent {
  const at = Date.now();
  return {
    // Ids of both kinds: those that begin with the time are looked up in another way than random ones.
    id: n % 3 === 0 ? randomUUID() : uuidV7(at),
    type: typeOf(n),
    source: sourceOf(fault),
    timestamp: new Date(at).toISOString(),
    user_id: `user-${n % 500}`,
    data: { n, note: noteOf(n) },
  };
}

function uuidV7(at: number): string {
  const random = randomBytes(10).toString('hex');
  const time = at.toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-7${random.slice(0, 3)}-a${random.slice(3, 6)}-${random.slice(6, 18)}`;
}
