import { normalEmail } from '../domain/access/email.ts';
import type { Clock } from '../domain/clock.ts';
import { StreamFlowError } from '../domain/errors.ts';
import { type UserRecord, users } from '../domain/records/users.ts';
import type { RecordStore } from '../engines/record-store/port.ts';
import type { PasswordHasher } from './password-hasher.ts';
import type { SignInDelay } from './sign-in-delay.ts';

export interface GivenPassword {
  readonly username: string;
  readonly password: string;
  /** Key of the address that it comes from. */
  readonly address: string;
}

/** AuthenticationRequired, with what the caller is not told: who it is that was tried. */
export class SignInRefusedError extends StreamFlowError {
  /** Null when there is no such user. */
  readonly user: UserRecord | null;

  constructor(user: UserRecord | null) {
    super('AuthenticationRequired', 'The e-mail address or the password is wrong');
    this.user = user;
  }
}

/** The user whose e-mail address and password these are; rejects with {@link SignInRefusedError}. */
export type CheckPassword = (given: GivenPassword) => Promise<UserRecord>;

/**
 * Knows a user by e-mail address and password. An unknown user, a wrong password and a disabled user are refused with
 * the same words after the same work, so that nobody learns who has an account.
 */
export function createCheckPassword(options: {
  readonly records: RecordStore;
  readonly passwords: PasswordHasher;
  readonly delay: SignInDelay;
  readonly clock: Clock;
}): CheckPassword {
  const { records, passwords, delay, clock } = options;
  return async ({ username, password, address }) => {
    const email = normalEmail(username);
    const attempt = { account: email, address };
    await delay.wait(attempt);
    const user = await records.find(users, { email });
    const right = await passwords.verify(user?.password_hash ?? null, password);
    if (user === null || !right || user.disabled) throw new SignInRefusedError(user);
    await delay.succeeded(attempt);
    return records.update(users, { project: user.project, id: user.id }, { last_login_at: clock.now() });
  };
}
