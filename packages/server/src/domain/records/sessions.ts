import Type from 'typebox';
import { defineRecordKind, type Stored } from './record-kind.ts';

const SessionFields = Type.Object({
  user_id: Type.String(),
  /** Random name of the line of refresh tokens; they carry it. */
  family: Type.String(),
  /** Which token of the line is good, from 1. */
  generation: Type.Integer({ minimum: 1 }),
  /** When that one was first asked for, milliseconds since the epoch; null for the first one. */
  rotated_at: Type.Union([Type.Integer(), Type.Null()]),
  /** The user's `session_epoch` at which the session is good. */
  epoch: Type.Integer({ minimum: 1 }),
  /** Milliseconds since the epoch; no refresh moves it. */
  expires_at: Type.Integer(),
  /** Milliseconds since the epoch; null while it lasts. */
  ended_at: Type.Union([Type.Integer(), Type.Null()]),
});
export type SessionRecord = Stored<Type.Static<typeof SessionFields>>;

/** From a sign-in to its end. */
export const sessions = defineRecordKind(SessionFields, {
  name: 'sessions',
  columns: {
    user_id: 'text',
    family: 'text',
    generation: 'integer',
    rotated_at: 'integer',
    epoch: 'integer',
    expires_at: 'integer',
    ended_at: 'integer',
  },
  unique: [['family']],
  filters: [],
  orders: ['expires_at'],
  unversioned: [],
});

const SignInAttemptFields = Type.Object({
  attempts: Type.Integer({ minimum: 0 }),
  /** Milliseconds since the epoch. */
  last_at: Type.Integer(),
});

/** Attempts to sign in that have not succeeded, of one account or one address, whose hash is the id. */
export const signInAttempts = defineRecordKind(SignInAttemptFields, {
  name: 'sign_in_attempts',
  columns: { attempts: 'integer', last_at: 'integer' },
  unique: [],
  filters: [],
  orders: ['last_at'],
  unversioned: [],
});
