import { randomBase62 } from '../domain/access/base62.ts';
import type { Clock } from '../domain/clock.ts';
import { type SessionRecord, sessions } from '../domain/records/sessions.ts';
import { type UserRecord, users } from '../domain/records/users.ts';
import type { RecordRef, RecordStore, RecordTransaction } from '../engines/record-store/port.ts';
import { authenticationRequired } from './credential-cache.ts';
import { familyLength, type RefreshTokens } from './refresh-tokens.ts';
import type { Tokens } from './tokens.ts';

/** What opens the API for a while, and what gets the next of it. */
export interface SessionTokens {
  readonly accessToken: string;
  /** Seconds. */
  readonly expiresIn: number;
  readonly refreshToken: string;
  /** Seconds until the session ends. */
  readonly refreshExpiresIn: number;
}

export interface Refreshed {
  readonly tokens: SessionTokens;
  readonly userId: string;
}

export interface Sessions {
  open(user: UserRecord): Promise<SessionTokens>;
  /** Rejects with AuthenticationRequired; a token that was used up before also ends its session. */
  refresh(refreshToken: string): Promise<Refreshed>;
  /** Ends the session of the token; the one that ended now, or null. */
  end(refreshToken: string): Promise<SessionRecord | null>;
}

/** A lost answer is asked for again within this time. */
const retryMs = 10_000;
/** Sessions that are over, removed at each sign-in. */
const sweepSize = 20;

/**
 * Sessions of users. A session is a line of refresh tokens of which one is good at a time:
 *
 *   generation n comes      → n + 1 is good and answered
 *   generation n − 1 comes  → within 10 s of the change n is answered again; later somebody has a copy: the session ends
 *   an older one comes      → the session ends
 */
export function createSessions(options: {
  readonly records: RecordStore;
  readonly tokens: Tokens;
  readonly refreshTokens: RefreshTokens;
  readonly clock: Clock;
  readonly newId: () => string;
  readonly randomBytes: (size: number) => Uint8Array;
  /** From sign-in to the end, whatever is refreshed. */
  readonly lifetimeMs: number;
}): Sessions {
  const { records, tokens, refreshTokens, clock, newId, randomBytes, lifetimeMs } = options;

  const tokensOf = (user: UserRecord, session: SessionRecord): SessionTokens => {
    const { token, expiresIn } = tokens.issue(user, session);
    return {
      accessToken: token,
      expiresIn,
      refreshToken: refreshTokens.make(session.family, session.generation),
      refreshExpiresIn: Math.max(0, Math.floor((session.expires_at - clock.now()) / 1000)),
    };
  };

  const sweep = async (project: string): Promise<void> => {
    const { records: oldest } = await records.list(sessions, {
      project,
      orderBy: 'expires_at',
      limit: sweepSize,
    });
    for (const session of oldest)
      if (session.expires_at <= clock.now()) await records.delete(sessions, session);
  };

  const advance = async (tx: RecordTransaction, session: SessionRecord, generation: number) => {
    const now = clock.now();
    const ref: RecordRef = { project: session.project, id: session.id };
    const user = await tx.get(users, { project: session.project, id: session.user_id });
    if (session.ended_at !== null || session.expires_at <= now) return null;
    if (user === null || user.disabled || user.session_epoch !== session.epoch) return null;
    if (generation === session.generation)
      return {
        user,
        session: await tx.update(sessions, ref, { generation: generation + 1, rotated_at: now }),
      };
    const sinceChange = now - (session.rotated_at ?? 0);
    if (generation === session.generation - 1 && sinceChange < retryMs) return { user, session };
    await tx.update(sessions, ref, { ended_at: now });
    return null;
  };

  return {
    async open(user) {
      await sweep(user.project);
      const session = await records.insert(sessions, {
        id: newId(),
        project: user.project,
        user_id: user.id,
        family: randomBase62(familyLength, randomBytes),
        generation: 1,
        rotated_at: null,
        epoch: user.session_epoch,
        expires_at: clock.now() + lifetimeMs,
        ended_at: null,
      });
      return tokensOf(user, session);
    },

    async refresh(refreshToken) {
      const named = refreshTokens.read(refreshToken);
      if (named === null) throw authenticationRequired();
      // The refusal comes after the transaction: what it decided must stay.
      const advanced = await records.transaction(async (tx) => {
        const session = await tx.find(sessions, { family: named.family });
        return session === null ? null : advance(tx, session, named.generation);
      });
      if (advanced === null) throw authenticationRequired();
      return { tokens: tokensOf(advanced.user, advanced.session), userId: advanced.user.id };
    },

    async end(refreshToken) {
      const named = refreshTokens.read(refreshToken);
      if (named === null) return null;
      return records.transaction(async (tx) => {
        const session = await tx.find(sessions, { family: named.family });
        if (session === null || session.ended_at !== null) return null;
        return tx.update(sessions, { project: session.project, id: session.id }, { ended_at: clock.now() });
      });
    },
  };
}
