import type { Clock } from '../domain/clock.ts';
import { StreamFlowError, unavailable } from '../domain/errors.ts';
import type { Log } from '../domain/log.ts';
import type { Timers } from '../domain/timers.ts';
import type { Principal } from '../http/service.ts';

/** What a credential was found to be. */
export interface Verified {
  readonly principal: Principal;
  /** Milliseconds since the epoch from which the credential is refused. */
  readonly expiresAt: number;
}

export interface CredentialCacheOptions<C> {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly log: Log;
  /** Reads a credential, offline and cheaply; null when it is not worth asking the records. */
  inspect(credential: string): C | null;
  /** Asks the records; rejects with AuthenticationRequired. */
  verify(inspected: C): Promise<Verified>;
  /**
   * Milliseconds that a credential which was found good is taken beyond its age while the records cannot be asked; none
   * unless given.
   */
  graceMs?(principal: Principal): number;
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
  /** Whether the records could not be asked when it was to be looked up again. */
  isOutlasting: boolean;
}

/** A look-up under way, shared by all who ask for the credential. */
interface Lookup {
  readonly answer: Promise<Principal>;
  /** When the next caller begins another one in its place; null while this one is waited for. */
  replaceAt: number | null;
}

/** From this age on an entry is looked up again, while the old one still answers. */
const refreshAfterMs = 3000;
/** Between a look-up that failed and the next, and between two lines of the log about that. */
const retryAfterMs = 500;
/** How long callers wait for a look-up. */
const lookupWaitMs = 1500;
/** After a look-up that was waited for in vain, until the same credential is looked up beside it. */
const replaceAfterMs = 2000;
/**
 * At this age an entry no longer answers by itself: what was revoked in the records is refused from then on. Only while
 * they cannot be asked, an entry with a grace goes on.
 */
const maxAgeMs = 5000;

export const authenticationRequired = (): StreamFlowError =>
  new StreamFlowError('AuthenticationRequired', 'The token or API key is missing, wrong or expired');

const unanswered = (): StreamFlowError =>
  unavailable('Credentials cannot be checked now: the records do not answer');

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
 * for all who come meanwhile. Later, callers wait for that look-up, for a moment; when it does not come, entries within
 * their grace answer, and all else is `ServiceUnavailable`. What has expired is refused to the millisecond. Only
 * credentials that proved good are kept, so invalid ones cost their check and no memory.
 *
 * Entries stand in two generations: what is found in the old one moves to the young one, and when the young one is full
 * it becomes the old one. That drops what was not used for long, without bookkeeping on each hit.
 */
export function createCredentialCache<C>(options: CredentialCacheOptions<C>): CredentialCache {
  const { clock, timers, log, inspect, verify, maxEntries = 20_000, maxLookups = 256 } = options;
  const graceOf = options.graceMs ?? (() => 0);
  const generationSize = Math.ceil(maxEntries / 2);
  const lookups = new Map<string, Lookup>();
  /** Those that were waited for in vain are at work still. */
  let running = 0;
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
    if (pending !== undefined) {
      if (pending.replaceAt === null) return pending.answer;
      if (clock.now() < pending.replaceAt) throw unanswered();
    }
    const inspected = inspect(credential);
    if (inspected === null) {
      drop(credential);
      throw authenticationRequired();
    }
    if (running >= maxLookups) throw unavailable('Too many credentials are being checked');
    const checkedAt = clock.now();
    running += 1;
    let giveUp: (error: StreamFlowError) => void = () => {};
    const late = new Promise<never>((_, reject) => {
      giveUp = reject;
    });
    const found = verify(inspected)
      .then(
        (verified) => {
          if ((find(credential)?.checkedAt ?? 0) <= checkedAt)
            keep(credential, {
              ...verified,
              checkedAt,
              refreshAt: checkedAt + refreshAfterMs,
              isOutlasting: false,
            });
          return verified.principal;
        },
        (error: unknown) => {
          if (isRefusal(error)) drop(credential);
          throw error;
        },
      )
      .finally(() => {
        running -= 1;
        cancel();
        if (lookups.get(credential) === lookup) lookups.delete(credential);
      });
    const lookup: Lookup = { answer: Promise.race([found, late]), replaceAt: null };
    const cancel = timers.after(lookupWaitMs, () => {
      lookup.replaceAt = clock.now() + replaceAfterMs;
      giveUp(unanswered());
    });
    lookups.set(credential, lookup);
    return lookup.answer;
  };

  /** Looks an entry up again. A refusal rejects; anything else leaves the entry to its age and its grace. */
  const refresh = async (credential: string, entry: Entry): Promise<void> => {
    try {
      await lookUp(credential);
    } catch (error) {
      if (isRefusal(error)) throw error;
      const now = clock.now();
      entry.refreshAt = now + retryAfterMs;
      entry.isOutlasting = true;
      if (now < quietUntil) return;
      quietUntil = now + retryAfterMs;
      log.warning('Credentials cannot be checked again', { error });
    }
  };

  const refreshInBackground = (credential: string, entry: Entry, now: number): void => {
    if (now < entry.refreshAt || lookups.get(credential)?.replaceAt === null) return;
    // A refusal has dropped the entry, and is told to whoever comes next.
    refresh(credential, entry).catch(() => {});
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
        const answersUntil = maxAgeMs + (entry.isOutlasting ? graceOf(entry.principal) : 0);
        if (age >= 0 && age < answersUntil) {
          refreshInBackground(credential, entry, now);
          return entry.principal;
        }
        if (age >= 0 && age < maxAgeMs + graceOf(entry.principal))
          return refresh(credential, entry).then(() => find(credential)?.principal ?? entry.principal);
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
