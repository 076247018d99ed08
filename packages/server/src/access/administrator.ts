import { randomBase62 } from '../domain/access/base62.ts';
import { users } from '../domain/records/users.ts';
import type { RecordStore } from '../engines/record-store/port.ts';
import type { UserAccounts } from './user-accounts.ts';

interface AdministratorOptions {
  /** `admin@localhost` unless given. */
  readonly email?: string;
  /** A random one unless given. */
  readonly password?: string;
}

export interface FirstAdministrator {
  readonly email: string;
  /** The password that was made, to be shown this once; null when it was given. */
  readonly generatedPassword: string | null;
}

export type EnsureAdministrator = (options?: AdministratorOptions) => Promise<FirstAdministrator | null>;

const project = 'default';

/**
 * At the first start makes the administrator, of the given address and password; null when there are users already,
 * whatever is given: settings of an installation that lives do not change who may enter it.
 */
export function createEnsureAdministrator(options: {
  readonly records: RecordStore;
  readonly accounts: UserAccounts;
  readonly randomBytes: (size: number) => Uint8Array;
}): EnsureAdministrator {
  const { records, accounts, randomBytes } = options;
  return async ({ email = 'admin@localhost', password } = {}) => {
    // Most starts are not the first; they need not compute a hash to find out.
    if ((await records.count(users, { project })) > 0) return null;
    const chosen = password ?? randomBase62(20, randomBytes);
    const user = await accounts.createFirst({ project, email, password: chosen, role: 'admin' });
    if (user === null) return null;
    return { email: user.email, generatedPassword: password === undefined ? chosen : null };
  };
}
