import Type from 'typebox';
import { roles } from '../permissions.ts';
import { defineRoute, Envelope, Page } from './route.ts';

const tag = 'Access';

export const EmailAddress = Type.String({
  minLength: 3,
  maxLength: 320,
  pattern: '^[^\\s@]+@[^\\s@]+$',
  description: 'E-mail address; kept in lower case, unique in the installation.',
  examples: ['ann@example.org'],
});
export const NewPassword = Type.String({
  minLength: 8,
  maxLength: 1024,
  description: '8 to 1024 characters.',
});
const RoleName = Type.Enum([...roles], {
  description: 'What the user may do; see the table of permissions.',
});
const Time = (description: string) => Type.String({ format: 'date-time', description });
const Version = Type.Integer({ minimum: 1, description: 'Raised by each change; also the `ETag`.' });

/** Of lists of users and keys. */
export const RecordListQuery = Type.Object(
  {
    page: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000_000, default: 1 })),
    limit: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 1000, default: 100, description: 'Page size.' }),
    ),
    cursor: Type.Optional(
      Type.String({
        maxLength: 1024,
        description: '`pagination.next_cursor` of the page before, instead of `page`.',
      }),
    ),
  },
  { additionalProperties: false },
);
export type RecordListQuery = Type.Static<typeof RecordListQuery>;

/** The version that a change was made for, as an entity tag. */
export const entityTagPattern = '^(\\*|"[0-9]{1,15}")$';

/** Of changes: only when the record still has the version that was read. */
export const IfMatchHeaders = Type.Object(
  {
    'if-match': Type.Optional(
      Type.String({
        pattern: entityTagPattern,
        description: 'The `ETag` that was read; 409 when the record was changed since.',
      }),
    ),
  },
  { additionalProperties: true },
);

export const User = Type.Object(
  {
    id: Type.String({ format: 'uuid' }),
    email: EmailAddress,
    role: RoleName,
    disabled: Type.Boolean(),
    created_at: Time('When it was made.'),
    updated_at: Time('When it was changed last.'),
    last_login_at: Type.Union([Time('The last sign-in.'), Type.Null()]),
    version: Version,
  },
  { $id: 'User', description: 'Someone who signs in with e-mail address and password.' },
);
export type User = Type.Static<typeof User>;

export const UserParams = Type.Object({
  user_id: Type.String({ format: 'uuid', description: 'Id of the user.' }),
});
export type UserParams = Type.Static<typeof UserParams>;

export const ListUsersQuery = Type.Object(
  {
    ...RecordListQuery.properties,
    email: Type.Optional(Type.String({ maxLength: 320, description: 'The one user with this address.' })),
    role: Type.Optional(RoleName),
    disabled: Type.Optional(Type.Boolean()),
  },
  { additionalProperties: false },
);
export type ListUsersQuery = Type.Static<typeof ListUsersQuery>;

export const CreateUserBody = Type.Object(
  { email: EmailAddress, password: NewPassword, role: RoleName },
  { additionalProperties: false, $id: 'CreateUserBody' },
);
export type CreateUserBody = Type.Static<typeof CreateUserBody>;

export const UpdateUserBody = Type.Object(
  {
    role: Type.Optional(RoleName),
    disabled: Type.Optional(Type.Boolean()),
    password: Type.Optional(NewPassword),
  },
  { additionalProperties: false, minProperties: 1, $id: 'UpdateUserBody' },
);
export type UpdateUserBody = Type.Static<typeof UpdateUserBody>;

export const listUsers = defineRoute({
  method: 'GET',
  path: '/users',
  operationId: 'listUsers',
  summary: 'List users',
  description: 'Newest first.',
  tag,
  permission: 'admin',
  query: ListUsersQuery,
  responses: { 200: { description: 'Users.', schema: Page(User) } },
});

export const createUser = defineRoute({
  method: 'POST',
  path: '/users',
  operationId: 'createUser',
  summary: 'Create a user',
  tag,
  permission: 'admin',
  body: CreateUserBody,
  responses: { 201: { description: 'The user.', schema: Envelope(User) } },
});

export const getUser = defineRoute({
  method: 'GET',
  path: '/users/:user_id',
  operationId: 'getUser',
  summary: 'Get a user',
  tag,
  permission: 'admin',
  params: UserParams,
  responses: { 200: { description: 'The user.', schema: Envelope(User) } },
});

export const updateUser = defineRoute({
  method: 'PATCH',
  path: '/users/:user_id',
  operationId: 'updateUser',
  summary: 'Change a user',
  description:
    'Role, password, or whether the user is disabled. A new password and disabling end the sessions of the user, within ' +
    'five seconds on every server. The last administrator that is not disabled stays one (409).',
  tag,
  permission: 'admin',
  params: UserParams,
  headers: IfMatchHeaders,
  body: UpdateUserBody,
  responses: { 200: { description: 'The user.', schema: Envelope(User) } },
});

export const userRoutes = [listUsers, createUser, getUser, updateUser] as const;
