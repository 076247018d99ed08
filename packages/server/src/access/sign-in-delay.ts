import { createHash } from 'node:crypto';
import type { Clock } from '../domain/clock.ts';
import { unavailable } from '../domain/errors.ts';
import { signInAttempts } from '../domain/records/sessions.ts';
import type { Timers } from '../domain/timers.ts';
import type { RecordRef, RecordStore, RecordTransaction } from '../engines/record-store/port.ts';

/** Who tries to sign in: as whom, and from where. */
export interface Attempt {
  readonly account: string;
  readonly address: string;
}

export interface SignInDelay {
  /** Counts the attempt and waits as long as those before it make it wait; ServiceUnavailable when too many wait. */
  wait(attempt: Attempt): Promise<void>;
  /** Takes the attempt back, and forgets those before it on the account. */
  succeeded(attempt: Attempt): Promise<void>;
}

/** Attempts without a delay: of an account, and of an address, behind which an office may be. */
const freeAttempts = { account: 3, address: 20 } as const;
const firstDelayMs = 250;
const longestDelayMs = 10_000;
/** Attempts that lie so far back do not count. */
const forgottenAfterMs = 900_000;
/** Attempts that wait at the same time in this process. */
const maxWaiting = 500;
const sweepSize = 5;
/** Attempts belong to no project: who signs in names none. */
const project = 'default';

/**
 * Makes guessing slow. Each attempt is counted before the password is looked at, so that guesses sent at once wait one
 * longer than the other, and the counts are in the records, so that all servers share them. Nobody is refused for the
 * guesses of others: the right password is let in after at most ten seconds.
 */
export function createSignInDelay(options: {
  readonly records: RecordStore;
  readonly clock: Clock;
  readonly timers: Timers;
}): SignInDelay {
  const { records, clock, timers } = options;
  let waiting = 0;

  const count = async (tx: RecordTransaction, ref: RecordRef): Promise<number> => {
    const now = clock.now();
    const known = await tx.get(signInAttempts, ref);
    if (known === null) {
      await tx.insert(signInAttempts, { ...ref, attempts: 1, last_at: now });
      return 0;
    }
    const before = now - known.last_at < forgottenAfterMs ? known.attempts : 0;
    await tx.update(signInAttempts, ref, { attempts: before + 1, last_at: now });
    return before;
  };

  const sweep = async (tx: RecordTransaction): Promise<void> => {
    const oldest = await tx.list(signInAttempts, { project, orderBy: 'last_at', limit: sweepSize });
    for (const known of oldest.records)
      if (clock.now() - known.last_at >= forgottenAfterMs)
        await tx.delete(signInAttempts, { project, id: known.id });
  };

  return {
    async wait({ account, address }) {
      const delay = await records.transaction(async (tx) => {
        await sweep(tx);
        const byAccount = delayAfter(await count(tx, refOf('account', account)), freeAttempts.account);
        const byAddress = delayAfter(await count(tx, refOf('address', address)), freeAttempts.address);
        return Math.max(byAccount, byAddress);
      });
      if (delay === 0) return;
      if (waiting >= maxWaiting) throw unavailable('Too many sign-ins are waiting', longestDelayMs / 1000);
      waiting++;
      await new Promise<void>((resolve) => timers.after(delay, resolve));
      waiting--;
    },

    async succeeded({ account, address }) {
      await records.transaction(async (tx) => {
        await tx.delete(signInAttempts, refOf('account', account));
        const ref = refOf('address', address);
        const known = await tx.get(signInAttempts, ref);
        if (known !== null)
          await tx.update(signInAttempts, ref, { attempts: Math.max(0, known.attempts - 1) });
      });
    },
  };
}

/** Hashed: what people type as their address may be a password. */
const refOf = (kind: 'account' | 'address', name: string): RecordRef => ({
  project,
  id: createHash('sha256').update(`${kind}:${name}`).digest('hex'),
});

function delayAfter(attempts: number, free: number): number {
  return attempts < free ? 0 : Math.min(longestDelayMs, firstDelayMs * 2 ** (attempts - free));
}
