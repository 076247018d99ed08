import { randomBytes } from 'node:crypto';
import { hash, verify } from '@node-rs/argon2';
import { unavailable } from '../domain/errors.ts';

export interface PasswordHasher {
  /** PHC string. */
  hash(password: string): Promise<string>;
  /** Whether the password is that of the hash. Null compares, at the same cost, with what nothing matches. */
  verify(hash: string | null, password: string): Promise<boolean>;
}

export interface PasswordHasherOptions {
  /**
   * Hashes computed at the same time, 2 unless given. Each takes 19 MiB and a thread of libuv's pool, which the flushes
   * of the log share.
   */
  readonly maxConcurrent?: number;
  /** Hashes that may wait for one of those, 32 unless given; `ServiceUnavailable` beyond. */
  readonly maxWaiting?: number;
  /** Compares a password with a hash; Argon2 unless given. */
  readonly verifyHash?: (hash: string, password: string) => Promise<boolean>;
}

/** OWASP's minimum for Argon2id, which is the package's default algorithm. */
const cost = { memoryCost: 19_456, timeCost: 2, parallelism: 1, outputLen: 32 } as const;

export function createPasswordHasher(options: PasswordHasherOptions = {}): PasswordHasher {
  const { maxConcurrent = 2, maxWaiting = 32, verifyHash = verify } = options;
  const waiting: (() => void)[] = [];
  let running = 0;

  const inTurn = async <R>(work: () => Promise<R>): Promise<R> => {
    if (running >= maxConcurrent) {
      if (waiting.length >= maxWaiting) throw unavailable('Too many passwords are being checked');
      await new Promise<void>((resolve) => waiting.push(resolve));
    } else running++;
    try {
      return await work();
    } finally {
      // The place goes to the next in line without becoming free in between.
      const next = waiting.shift();
      if (next === undefined) running--;
      else next();
    }
  };

  return {
    hash: (password) => inTurn(() => hash(normal(password), cost)),
    verify: (known, password) => inTurn(() => verifyHash(known ?? nobodysHash, normal(password))),
  };
}

/** The same password typed on another keyboard may be composed of other code points. */
const normal = (password: string): string => password.normalize('NFKC');

const phcBytes = (size: number): string => randomBytes(size).toString('base64').replace(/=+$/, '');

/** Random bytes in the form of a hash: to compare with it costs the same, and no password is known to give it. */
const nobodysHash = `$argon2id$v=19$m=${cost.memoryCost},t=${cost.timeCost},p=${cost.parallelism}$${phcBytes(16)}$${phcBytes(cost.outputLen)}`;
