import Type from 'typebox';
import { roles } from '../permissions.ts';
import { defineRoute, Envelope } from './route.ts';

export const LoginBody = Type.Object(
  {
    username: Type.String({ minLength: 1, maxLength: 320, description: 'E-mail address of the user.' }),
    password: Type.String({ minLength: 1, maxLength: 1024 }),
  },
  { additionalProperties: false, $id: 'LoginBody' },
);
export type LoginBody = Type.Static<typeof LoginBody>;

export const TokenResponse = Type.Object(
  {
    access_token: Type.String({ description: 'JWT to send as `Authorization: Bearer`.' }),
    token_type: Type.Literal('bearer'),
    expires_in: Type.Integer({ description: 'Seconds.' }),
  },
  { $id: 'TokenResponse' },
);
export type TokenResponse = Type.Static<typeof TokenResponse>;

export const login = defineRoute({
  method: 'POST',
  path: '/auth/login',
  operationId: 'login',
  summary: 'Sign in',
  tag: 'Access',
  permission: 'public',
  body: LoginBody,
  responses: { 200: { description: 'Signed in.', schema: TokenResponse } },
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
  tag: 'Access',
  permission: 'any',
  responses: { 200: { description: 'The caller.', schema: Envelope(Me) } },
});

export const authRoutes = [login, me] as const;
