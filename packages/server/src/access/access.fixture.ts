import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Scope } from '@streamflow/contracts';
import { silentLog } from '../domain/log.ts';
import type { RecordStore } from '../engines/record-store/port.ts';
import { openSqliteRecordStore } from '../engines/record-store/sqlite/sqlite-record-store.ts';
import type { Principal } from '../http/service.ts';
import { type Access, createAccess } from './access.ts';
import { createIssuedKeys, type NewKey } from './issued-keys.ts';
import type { PasswordHasher } from './password-hasher.ts';
import type { TokenOptions } from './tokens.ts';
import { createUserAccounts } from './user-accounts.ts';

/* Access on real records, with a clock that tests drive and hashes that cost nothing but are counted. */

export const project = 'default';
export const jwt: TokenOptions = {
  secret: 'a secret of the tests, of at least 32 bytes',
  algorithm: 'HS256',
  expireMinutes: 30,
  issuer: 'streamflow',
  audience: 'streamflow-api',
};

export const sessionLifetimeMs = 7 * 24 * 3_600_000;

interface CountedHasher extends PasswordHasher {
  /** Each comparison: whether it was with a user's hash or with nobody's. */
  readonly verified: ('user' | 'nobody')[];
}

function createCountedHasher(): CountedHasher {
  const verified: ('user' | 'nobody')[] = [];
  return {
    verified,
    hash: async (password) => `hash of ${password}`,
    async verify(known, password) {
      verified.push(known === null ? 'nobody' : 'user');
      return known === `hash of ${password}`;
    },
  };
}

export interface TestAccess {
  readonly access: Access;
  readonly records: RecordStore;
  readonly passwords: CountedHasher;
  readonly clock: { time: number; now(): number };
  /** Look-ups of users and keys that reached the records through `access`. */
  lookups(): number;
  /** Makes every look-up from now on fail with this; null ends that. */
  failLookups(error: Error | null): void;
  addUser(email: string, role?: 'admin' | 'analyst' | 'viewer'): Promise<string>;
  addKey(scopes: Scope[], more?: Partial<NewKey>): Promise<{ id: string; key: string }>;
  /** Signs in from one address; the password is that of `addUser` unless given. */
  signIn(username: string, password?: string): ReturnType<Access['signIn']>;
  /** What sign-ins had to wait, milliseconds; they do not really. */
  readonly waits: readonly number[];
  readonly accounts: ReturnType<typeof createUserAccounts>;
  readonly keys: ReturnType<typeof createIssuedKeys>;
  close(): Promise<void>;
}

export async function openTestAccess(): Promise<TestAccess> {
  const directory = await mkdtemp(join(tmpdir(), 'streamflow-access-'));
  const clock = { time: Date.UTC(2023, 11, 1, 12), now: () => clock.time };
  const records = await openSqliteRecordStore({
    file: join(directory, 'records.sqlite'),
    log: silentLog,
    clock,
  });
  const passwords = createCountedHasher();
  const waits: number[] = [];
  let lookups = 0;
  let failure: Error | null = null;
  const looked = <R>(work: () => Promise<R>): Promise<R> => {
    lookups++;
    return failure === null ? work() : Promise.reject(failure);
  };
  const watched: RecordStore = {
    ...records,
    get: (kind, ref) => looked(() => records.get(kind, ref)),
    find: (kind, key) => looked(() => records.find(kind, key)),
  };
  const access = createAccess({
    records: watched,
    clock,
    log: silentLog,
    jwt,
    passwords,
    sessionLifetimeMs,
    secureCookies: false,
    timers: {
      after(milliseconds, run) {
        waits.push(milliseconds);
        queueMicrotask(run);
        return () => {};
      },
    },
  });
  // Beside `access`, as another process has them: what they change is not told to its cache.
  const newId = () => crypto.randomUUID();
  const accounts = createUserAccounts({ records, passwords, newId });
  const keys = createIssuedKeys({
    records,
    clock,
    newId,
    randomBytes: (size) => crypto.getRandomValues(new Uint8Array(size)),
  });
  return {
    access,
    records,
    passwords,
    clock,
    accounts,
    keys,
    lookups: () => lookups,
    waits,
    signIn: (username, password = `password of ${username}`) =>
      access.signIn({ username, password, address: '192.0.2.1' }),
    failLookups: (error) => {
      failure = error;
    },
    addUser: async (email, role = 'viewer') =>
      (await accounts.create({ project, email, password: `password of ${email}`, role })).id,
    async addKey(scopes, more = {}) {
      const { key, record } = await keys.issue({
        project,
        name: 'a key',
        scopes,
        createdBy: 'test',
        expiresAt: null,
        requestsPerMinute: null,
        allowedOrigins: null,
        eventTypes: null,
        ...more,
      });
      return { id: record.id, key };
    },
    async close() {
      await access.close();
      await records.close();
      await rm(directory, { recursive: true });
    },
  };
}

/** A principal of every permission, as the control socket has. */
export const administrator = (id = 'local'): Principal => ({
  kind: 'local',
  id,
  name: 'local',
  role: 'admin',
  permissions: new Set(['admin']),
  project,
});
