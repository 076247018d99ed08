import {
  ChangePasswordBody,
  changePassword,
  LoginBody,
  login,
  logout,
  me,
  RefreshTokenBody,
  refreshSession,
  type TokenResponse,
} from '@streamflow/contracts';
import { Compile } from 'typebox/compile';
import type { Clock } from '../../domain/clock.ts';
import { addressKey } from '../../http/client-address.ts';
import type { MountedRoute, RequestContext } from '../../http/service.ts';
import { authenticationRequired } from '../credential-cache.ts';
import type { OwnPassword } from '../own-password.ts';
import type { SessionJournal } from '../session-journal.ts';
import type { Sessions, SessionTokens } from '../sessions.ts';
import { type CheckPassword, SignInRefusedError } from '../sign-in.ts';
import { envelope } from './envelope.ts';
import { expectOwnOrigin, type SessionCookie } from './session-cookie.ts';

const loginBody = Compile(LoginBody);
const refreshTokenBody = Compile(RefreshTokenBody);
const changePasswordBody = Compile(ChangePasswordBody);

/** Signing in and out, and asking who one is; on every service. */
export function createAuthRoutes(options: {
  readonly checkPassword: CheckPassword;
  readonly sessions: Sessions;
  readonly changeOwnPassword: OwnPassword;
  readonly cookie: SessionCookie;
  readonly journal: SessionJournal;
  readonly clock: Clock;
  /** Told when credentials of a user are not what they were. */
  onChanged(userId: string): void;
}): MountedRoute[] {
  const { checkPassword, sessions, changeOwnPassword, cookie, journal, clock, onChanged } = options;

  /** The refresh token of the body, or that of the cookie, and whether it was the cookie's. */
  const givenToken = ({ body, headers }: RequestContext & { readonly body: unknown }) => {
    const { refresh_token: token } = refreshTokenBody.Parse(body);
    if (token !== undefined) return { token, inCookie: false };
    const kept = cookie.read(headers);
    if (kept !== null) expectOwnOrigin(headers);
    return { token: kept, inCookie: kept !== null };
  };

  /** Tokens are not for caches (RFC 6749, 5.1). */
  const answer = (
    { reply }: RequestContext,
    { accessToken, expiresIn, refreshToken, refreshExpiresIn }: SessionTokens,
    inCookie: boolean,
  ): TokenResponse => {
    reply.header('cache-control', 'no-store');
    if (inCookie) reply.header('set-cookie', cookie.set(refreshToken, refreshExpiresIn));
    return {
      access_token: accessToken,
      token_type: 'bearer',
      expires_in: expiresIn,
      ...(inCookie ? {} : { refresh_token: refreshToken }),
      refresh_expires_in: refreshExpiresIn,
    };
  };

  return [
    {
      contract: login,
      async handle(context) {
        const { username, password, session } = loginBody.Parse(context.body);
        const inCookie = session === 'cookie';
        if (inCookie) expectOwnOrigin(context.headers);
        const user = await checkPassword({
          username,
          password,
          address: addressKey(context.address),
        }).catch(async (error: unknown) => {
          if (error instanceof SignInRefusedError) await journal.refused(context, error.user);
          throw error;
        });
        const tokens = await sessions.open(user);
        await journal.opened(context, user);
        return answer(context, tokens, inCookie);
      },
    },
    {
      contract: refreshSession,
      async handle(context) {
        const { token, inCookie } = givenToken(context);
        if (token === null) throw authenticationRequired();
        const { tokens } = await sessions.refresh(token);
        return answer(context, tokens, inCookie);
      },
    },
    {
      contract: logout,
      async handle(context) {
        const { token, inCookie } = givenToken(context);
        const ended = token === null ? null : await sessions.end(token);
        if (ended !== null) {
          onChanged(ended.user_id);
          await journal.ended(context, { id: ended.user_id, project: ended.project });
        }
        if (inCookie) context.reply.header('set-cookie', cookie.clear());
        return envelope('You are signed out', { ended: ended !== null }, clock.now());
      },
    },
    {
      contract: changePassword,
      async handle({ body, principal, address, reply }) {
        const { current_password, new_password } = changePasswordBody.Parse(body);
        const { token, expiresIn } = await changeOwnPassword(principal, {
          currentPassword: current_password,
          newPassword: new_password,
          address: addressKey(address),
        });
        onChanged(principal.id);
        reply.header('cache-control', 'no-store');
        return { access_token: token, token_type: 'bearer', expires_in: expiresIn };
      },
    },
    {
      contract: me,
      handle: ({ principal: { kind, id, name, role, permissions, project } }) =>
        envelope(
          'You are signed in',
          { kind, id, name, role, permissions: [...permissions], project },
          clock.now(),
        ),
    },
  ];
}
