import Type from 'typebox';
import { roles } from '../permissions.ts';
import { defineRoute, Envelope } from './route.ts';
import { NewPassword } from './users.ts';

const tag = 'Access';

/** Name of the cookie that carries a browser's refresh token; behind TLS with the prefix `__Host-`. */
export const sessionCookieName = 'streamflow_session';

export const LoginBody = Type.Object(
  {
    username: Type.String({ minLength: 1, maxLength: 320, description: 'E-mail address of the user.' }),
    password: Type.String({ minLength: 1, maxLength: 1024 }),
    session: Type.Optional(
      Type.Enum(['token', 'cookie'], {
        default: 'token',
        description:
          'Where the refresh token goes: `token` answers it in the body; `cookie`, for web pages of this server, sets an HttpOnly cookie that scripts cannot read.',
      }),
    ),
  },
  { additionalProperties: false, $id: 'LoginBody' },
);
export type LoginBody = Type.Static<typeof LoginBody>;

export const TokenResponse = Type.Object(
  {
    access_token: Type.String({ description: 'JWT to send as `Authorization: Bearer`.' }),
    token_type: Type.Literal('bearer'),
    expires_in: Type.Integer({ description: 'Seconds.' }),
    refresh_token: Type.Optional(
      Type.String({
        description: 'For `POST /auth/refresh`, once; absent when it is in the cookie.',
      }),
    ),
    refresh_expires_in: Type.Integer({
      description: 'Seconds until the session ends, whatever is refreshed; sign in again then.',
    }),
  },
  { $id: 'TokenResponse' },
);
export type TokenResponse = Type.Static<typeof TokenResponse>;

export const RefreshTokenBody = Type.Object(
  {
    refresh_token: Type.Optional(
      Type.String({ minLength: 1, maxLength: 512, description: 'That of the cookie unless given.' }),
    ),
  },
  { additionalProperties: false, $id: 'RefreshTokenBody' },
);
export type RefreshTokenBody = Type.Static<typeof RefreshTokenBody>;

export const ChangePasswordBody = Type.Object(
  {
    current_password: Type.String({ minLength: 1, maxLength: 1024 }),
    new_password: NewPassword,
  },
  { additionalProperties: false, $id: 'ChangePasswordBody' },
);
export type ChangePasswordBody = Type.Static<typeof ChangePasswordBody>;

export const login = defineRoute({
  method: 'POST',
  path: '/auth/login',
  operationId: 'login',
  summary: 'Sign in',
  description:
    'Opens a session. Failed attempts make the next answers of the same account and of the same address slower, up to ten seconds; nobody is locked out. 503 when too many passwords are being checked.',
  tag,
  permission: 'public',
  body: LoginBody,
  responses: { 200: { description: 'Signed in.', schema: TokenResponse } },
});

export const refreshSession = defineRoute({
  method: 'POST',
  path: '/auth/refresh',
  operationId: 'refreshSession',
  summary: 'Get a new token for a refresh token',
  description:
    'Answers a new access token and the successor of the refresh token, which is used up. The same request again within ten seconds, after a lost answer, gets the same successor; a used token that comes later ends the session (401).',
  tag,
  permission: 'public',
  body: RefreshTokenBody,
  responses: { 200: { description: 'New tokens.', schema: TokenResponse } },
});

export const logout = defineRoute({
  method: 'POST',
  path: '/auth/logout',
  operationId: 'logout',
  summary: 'Sign out',
  description:
    'Ends the session of the refresh token, given or in the cookie, within five seconds on every server. A token that is not good any more is no error.',
  tag,
  permission: 'public',
  body: RefreshTokenBody,
  responses: {
    200: {
      description: 'Signed out.',
      schema: Envelope(Type.Object({ ended: Type.Boolean({ description: 'Whether a session ended now.' }) })),
    },
  },
});

export const changePassword = defineRoute({
  method: 'POST',
  path: '/auth/password',
  operationId: 'changePassword',
  summary: 'Change one’s password',
  description:
    'For users who are signed in. All other sessions of the user end, within five seconds on every server; this one goes on with the access token of the answer and the refresh token that it has.',
  tag,
  permission: 'any',
  body: ChangePasswordBody,
  responses: {
    200: {
      description: 'Changed.',
      schema: Type.Object({
        access_token: TokenResponse.properties.access_token,
        token_type: TokenResponse.properties.token_type,
        expires_in: TokenResponse.properties.expires_in,
      }),
    },
  },
});

export const Me = Type.Object({
  kind: Type.Enum(['user', 'key', 'local', 'anonymous']),
  id: Type.String(),
  name: Type.String({ description: 'E-mail address of the user, or name of the key.' }),
  role: Type.Union([Type.Enum([...roles]), Type.Null()]),
  permissions: Type.Array(Type.String()),
  project: Type.String(),
});
export type Me = Type.Static<typeof Me>;

export const me = defineRoute({
  method: 'GET',
  path: '/auth/me',
  operationId: 'me',
  summary: 'Who am I',
  tag,
  permission: 'any',
  responses: { 200: { description: 'The caller.', schema: Envelope(Me) } },
});

export const authRoutes = [login, refreshSession, logout, changePassword, me] as const;
