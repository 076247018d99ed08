import type { TokenResponse } from '@streamflow/contracts';
import { normalEmail } from '../domain/access/email.ts';
import type { Clock } from '../domain/clock.ts';
import { StreamFlowError } from '../domain/errors.ts';
import { users } from '../domain/records/users.ts';
import type { RecordStore } from '../engines/record-store/port.ts';
import type { PasswordHasher } from './password-hasher.ts';
import type { Tokens } from './tokens.ts';

export type SignIn = (username: string, password: string) => Promise<TokenResponse>;

/**
 * Signs a user in by e-mail address and password. An unknown user, a wrong password and a disabled user are refused with
 * the same words after the same work, so that nobody learns who has an account.
 */
export function createSignIn(options: {
  readonly records: RecordStore;
  readonly passwords: PasswordHasher;
  readonly tokens: Tokens;
  readonly clock: Clock;
}): SignIn {
  const { records, passwords, tokens, clock } = options;
  return async (username, password) => {
    const user = await records.find(users, { email: normalEmail(username) });
    const right = await passwords.verify(user?.password_hash ?? null, password);
    if (user === null || !right || user.disabled)
      throw new StreamFlowError('AuthenticationRequired', 'The e-mail address or the password is wrong');
    await records.update(users, { project: user.project, id: user.id }, { last_login_at: clock.now() });
    const { token, expiresIn } = tokens.issue(user);
    return { access_token: token, token_type: 'bearer', expires_in: expiresIn };
  };
}
