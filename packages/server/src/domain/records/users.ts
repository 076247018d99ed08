import { roles } from '@streamflow/contracts';
import Type from 'typebox';
import { defineRecordKind, type Stored } from './record-kind.ts';

const UserFields = Type.Object({
  /** In its normal form (domain/access/email). */
  email: Type.String(),
  /** PHC string, Argon2id. */
  password_hash: Type.String(),
  role: Type.Enum([...roles]),
  disabled: Type.Boolean(),
  /** Tokens carry it; raising it ends every session that was opened before. */
  session_epoch: Type.Integer({ minimum: 1 }),
  /** Milliseconds since the epoch; null before the first sign-in. */
  last_login_at: Type.Union([Type.Integer(), Type.Null()]),
});

export type UserFields = Type.Static<typeof UserFields>;
export type UserRecord = Stored<UserFields>;

export const users = defineRecordKind(UserFields, {
  name: 'users',
  columns: {
    email: 'caseless',
    password_hash: 'text',
    role: 'text',
    disabled: 'boolean',
    session_epoch: 'integer',
    last_login_at: 'integer',
  },
  // Of the whole installation: whoever signs in names no project.
  unique: [['email']],
  filters: ['email', 'role', 'disabled'],
  orders: ['email'],
  unversioned: ['last_login_at'],
});
