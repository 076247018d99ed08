import { LoginBody, login, me, type TokenResponse } from '@streamflow/contracts';
import { Compile } from 'typebox/compile';
import type { Clock } from '../../domain/clock.ts';
import type { MountedRoute } from '../../http/service.ts';
import type { SignIn } from '../sign-in.ts';
import { envelope } from './envelope.ts';

const loginBody = Compile(LoginBody);

/** Signing in and asking who one is; on every service. */
export function createAuthRoutes(options: {
  readonly signIn: SignIn;
  readonly clock: Clock;
}): MountedRoute[] {
  const { signIn, clock } = options;
  return [
    {
      contract: login,
      async handle({ body, reply }): Promise<TokenResponse> {
        const { username, password } = loginBody.Parse(body);
        const answer = await signIn(username, password);
        // Tokens are not for caches (RFC 6749, 5.1).
        reply.header('cache-control', 'no-store');
        return answer;
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
