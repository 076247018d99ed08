import type { Clock } from '../domain/clock.ts';
import { StreamFlowError, unavailable } from '../domain/errors.ts';
import type { Log } from '../domain/log.ts';
import type { Principal } from '../http/service.ts';

/** What a credential was found to be. */
export interface Verified {
  readonly principal: Principal;
  /** Milliseconds since the epoch from which the credential is refused. */
  readonly expiresAt: number;
}

export interface CredentialCacheOptions<C> {
  readonly clock: Clock;
  readonly log: Log;
  /** Reads a credential, offline and cheaply; null when it is not worth asking the records. */
  inspect(credential: string): C | null;
  /** Asks the records; rejects with AuthenticationRequired. */
  verify(inspected: C): Promise<Verified>;
  /** Credentials that are remembered, 20,000 unless given. */
  readonly maxEntries?: number;
  /** Credentials that are being looked up at the same time, 256 unless given; `ServiceUnavailable` beyond. */
  readonly maxLookups?: number;
}

interface Entry extends Verified {
  /** When the look-up that it comes from began. */
  readonly checkedAt: number;
  /** When to look it up again; a failure puts it off. */
  refreshAt: number;
}

/** From this age on an entry is looked up again, while the old one still answers. */
const refreshAfterMs = 3000;
/** Between a look-up that failed and the next, and between two lines of the log about that. */
const retryAfterMs = 500;
/** At this age an entry no longer answers: what was revoked in the records is refused from then on. */
const maxAgeMs = 5000;

export const authenticationRequired = (): StreamFlowError =>
  new StreamFlowError('AuthenticationRequired', 'The token or API key is missing, wrong or expired');

const isRefusal = (error: unknown): boolean =>
  error instanceof StreamFlowError && error.code === 'AuthenticationRequired';

export interface CredentialCache {
  authenticate(credential: string): Principal | Promise<Principal>;
  /** Looks up anew every credential of the principal when it comes again. */
  forget(principalId: string): void;
  readonly size: number;
}

/**
 * Credentials that were verified lately, so that each request need not ask the records.
 *
 * An entry younger than `refreshAfterMs` answers at once. From then to `maxAgeMs` it still does, and starts one look-up
 * for all who come meanwhile. Later, callers wait for that look-up. What has expired is refused to the millisecond. Only
 * credentials that proved good are kept, so invalid ones cost their check and no memory.
 *
 * Entries stand in two generations: what is found in the old one moves to the young one, and when the young one is full
 * it becomes the old one. That drops what was not used for long, without bookkeeping on each hit.
 */
export function createCredentialCache<C>(options: CredentialCacheOptions<C>): CredentialCache {
  const { clock, log, inspect, verify, maxEntries = 20_000, maxLookups = 256 } = options;
  const generationSize = Math.ceil(maxEntries / 2);
  const lookups = new Map<string, Promise<Principal>>();
  let young = new Map<string, Entry>();
  let old = new Map<string, Entry>();
  let quietUntil = 0;

  const keep = (credential: string, entry: Entry): void => {
    old.delete(credential);
    young.set(credential, entry);
    if (young.size < generationSize) return;
    old = young;
    young = new Map();
  };

  const drop = (credential: string): void => {
    young.delete(credential);
    old.delete(credential);
  };

  const find = (credential: string): Entry | undefined => {
    const entry = young.get(credential);
    if (entry !== undefined) return entry;
    const older = old.get(credential);
    if (older !== undefined) keep(credential, older);
    return older;
  };

  const lookUp = (credential: string): Promise<Principal> => {
    const pending = lookups.get(credential);
    if (pending !== undefined) return pending;
    const inspected = inspect(credential);
    if (inspected === null) {
      drop(credential);
      throw authenticationRequired();
    }
    if (lookups.size >= maxLookups) throw unavailable('Too many credentials are being checked');
    const checkedAt = clock.now();
    const lookup = verify(inspected)
      .then(
        (verified) => {
          keep(credential, { ...verified, checkedAt, refreshAt: checkedAt + refreshAfterMs });
          return verified.principal;
        },
        (error: unknown) => {
          if (isRefusal(error)) drop(credential);
          throw error;
        },
      )
      .finally(() => lookups.delete(credential));
    lookups.set(credential, lookup);
    return lookup;
  };

  const refresh = async (credential: string, entry: Entry): Promise<void> => {
    try {
      await lookUp(credential);
    } catch (error) {
      // A refusal is told to whoever comes next. Anything else leaves the entry to its age.
      if (isRefusal(error)) return;
      const now = clock.now();
      entry.refreshAt = now + retryAfterMs;
      if (now < quietUntil) return;
      quietUntil = now + retryAfterMs;
      log.warning('Credentials cannot be checked again', { error });
    }
  };

  return {
    authenticate(credential) {
      const entry = find(credential);
      if (entry !== undefined) {
        const now = clock.now();
        const age = now - entry.checkedAt;
        if (now >= entry.expiresAt) {
          drop(credential);
          throw authenticationRequired();
        }
        if (age >= 0 && age < maxAgeMs) {
          if (now >= entry.refreshAt && !lookups.has(credential)) void refresh(credential, entry);
          return entry.principal;
        }
      }
      return lookUp(credential);
    },

    forget(principalId) {
      for (const generation of [young, old])
        for (const [credential, entry] of generation)
          if (entry.principal.id === principalId) generation.delete(credential);
    },

    get size() {
      return young.size + old.size;
    },
  };
}
