import { checkPassword } from '../domain/access/password-policy.ts';
import { StreamFlowError } from '../domain/errors.ts';
import { sessions } from '../domain/records/sessions.ts';
import { users } from '../domain/records/users.ts';
import type { RecordStore } from '../engines/record-store/port.ts';
import type { Principal } from '../http/service.ts';
import { authenticationRequired } from './credential-cache.ts';
import type { PasswordHasher } from './password-hasher.ts';
import type { CheckPassword } from './sign-in.ts';
import type { IssuedToken, Tokens } from './tokens.ts';

/** Changes the caller's password and ends all sessions but the caller's; answers its new access token. */
export type OwnPassword = (
  principal: Principal,
  change: { readonly currentPassword: string; readonly newPassword: string; readonly address: string },
) => Promise<IssuedToken>;

export function createOwnPassword(options: {
  readonly records: RecordStore;
  readonly passwords: PasswordHasher;
  readonly checkCurrent: CheckPassword;
  readonly tokens: Tokens;
}): OwnPassword {
  const { records, passwords, checkCurrent, tokens } = options;
  return async (principal, { currentPassword, newPassword, address }) => {
    const { session: sessionId } = principal;
    if (principal.kind !== 'user' || sessionId === undefined)
      throw new StreamFlowError('PermissionDenied', 'Only users who are signed in have a password');
    checkPassword(newPassword, 'new_password');
    const known = await checkCurrent({ username: principal.name, password: currentPassword, address });
    const password_hash = await passwords.hash(newPassword);
    return records.transaction(async (tx) => {
      const ref = { project: known.project, id: known.id };
      const own = { project: known.project, id: sessionId };
      const [before, session] = [await tx.get(users, ref), await tx.get(sessions, own)];
      if (before === null || session === null || session.ended_at !== null) throw authenticationRequired();
      const session_epoch = before.session_epoch + 1;
      const user = await tx.update(users, ref, { password_hash, session_epoch });
      return tokens.issue(user, await tx.update(sessions, own, { epoch: session_epoch }));
    });
  };
}
