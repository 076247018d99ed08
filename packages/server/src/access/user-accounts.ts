import type { Role, UpdateUserBody } from '@streamflow/contracts';
import { parseEmail } from '../domain/access/email.ts';
import { checkPassword } from '../domain/access/password-policy.ts';
import { StreamFlowError } from '../domain/errors.ts';
import { type UserFields, type UserRecord, users } from '../domain/records/users.ts';
import type {
  RecordRef,
  RecordStore,
  RecordTransaction,
  WriteOptions,
} from '../engines/record-store/port.ts';
import type { PasswordHasher } from './password-hasher.ts';

interface NewUser {
  readonly project: string;
  readonly email: string;
  readonly password: string;
  readonly role: Role;
}

export interface UserAccounts {
  /** `Conflict` when the address is taken. */
  create(user: NewUser): Promise<UserRecord>;
  /** Makes the user when the project has nobody yet; null otherwise. */
  createFirst(user: NewUser): Promise<UserRecord | null>;
  /** A new password, and disabling, end the sessions of the user. `Conflict` for the last administrator. */
  change(ref: RecordRef, changes: UpdateUserBody, options?: WriteOptions): Promise<UserRecord>;
}

export function createUserAccounts(options: {
  readonly records: RecordStore;
  readonly passwords: PasswordHasher;
  readonly newId: () => string;
}): UserAccounts {
  const { records, passwords, newId } = options;

  const prepare = async (user: NewUser): Promise<RecordRef & UserFields> => {
    const email = parseEmail(user.email, 'email');
    checkPassword(user.password, 'password');
    return {
      id: newId(),
      project: user.project,
      email,
      password_hash: await passwords.hash(user.password),
      role: user.role,
      disabled: false,
      session_epoch: 1,
      last_login_at: null,
    };
  };

  return {
    create: async (user) => records.insert(users, await prepare(user)),

    async createFirst(user) {
      const record = await prepare(user);
      return records.transaction(async (tx) => {
        if ((await tx.count(users, { project: user.project })) > 0) return null;
        return tx.insert(users, record);
      });
    },

    async change(ref, { password, ...rest }, writeOptions) {
      if (password !== undefined) checkPassword(password, 'password');
      // Before the transaction: others wait while it runs.
      const password_hash = password === undefined ? null : await passwords.hash(password);
      return records.transaction(async (tx) => {
        const user = await tx.get(users, ref);
        if (user === null) throw new StreamFlowError('NotFound', 'There is no such user');
        const after = { ...user, ...rest };
        if (isActiveAdmin(user) && !isActiveAdmin(after)) await expectAnotherAdmin(tx, ref.project);
        const endsSessions = password_hash !== null || (after.disabled && !user.disabled);
        return tx.update(
          users,
          ref,
          {
            ...rest,
            ...(password_hash === null ? {} : { password_hash }),
            ...(endsSessions ? { session_epoch: user.session_epoch + 1 } : {}),
          },
          writeOptions,
        );
      });
    },
  };
}

const isActiveAdmin = (user: Pick<UserFields, 'role' | 'disabled'>): boolean =>
  user.role === 'admin' && !user.disabled;

async function expectAnotherAdmin(tx: RecordTransaction, project: string): Promise<void> {
  if ((await tx.count(users, { project, where: { role: 'admin', disabled: false } })) > 1) return;
  throw new StreamFlowError('Conflict', 'This is the last administrator who is not disabled');
}
