import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeApiKey } from '../domain/access/api-key.ts';
import { unavailable } from '../domain/errors.ts';
import { apiKeys } from '../domain/records/api-keys.ts';
import { users } from '../domain/records/users.ts';
import { openTestAccess, project, type TestAccess } from './access.fixture.ts';

const refused = expect.objectContaining({ code: 'AuthenticationRequired' });

let test: TestAccess;
beforeEach(async () => {
  test = await openTestAccess();
});
afterEach(() => test.close());

/** What becomes of the credential, whether at once or not. */
const authenticate = async (credential: string) => test.access.authenticate(credential);
const signIn = async (email: string) => (await test.signIn(email)).accessToken;

describe('access by API key', () => {
  it('gives what the scopes of the key allow', async () => {
    const { id, key } = await test.addKey(['ingest', 'read'], { name: 'web', requestsPerMinute: 7 });
    expect(await authenticate(key)).toEqual({
      kind: 'key',
      id,
      name: 'web',
      role: null,
      permissions: new Set(['events:write', 'events:read', 'metrics:read', 'alerts:read']),
      project,
      requestsPerMinute: 7,
      allowedOrigins: null,
      eventTypes: null,
    });
    expect(test.access.authenticate(key)).not.toBeInstanceOf(Promise);
  });

  it('keeps no key in the records, only its hash', async () => {
    const { id, key } = await test.addKey(['read']);
    const record = await test.records.get(apiKeys, { project, id });
    expect(JSON.stringify(record)).not.toContain(key.slice(9));
    expect(record?.key_hash).toMatch(/^[0-9a-f]{64}$/);
  });

  it('refuses a key that was never made, and asks the records only when its checksum is right', async () => {
    const { key } = await test.addKey(['read']);
    for (const wrong of [`${key.slice(0, -1)}~`, key.slice(0, -1), `sf_${'0'.repeat(36)}_000000`, 'sf_'])
      expect(() => test.access.authenticate(wrong)).toThrow(refused);
    expect(test.lookups()).toBe(0);
    await expect(authenticate(makeApiKey(randomBytes))).rejects.toEqual(refused);
    expect(test.lookups()).toBe(2);
  });

  it('notices within 5 s that another process has revoked a key, under steady use', async () => {
    const { id, key } = await test.addKey(['ingest']);
    await authenticate(key);
    await test.keys.revoke({ project, id });
    const revokedAt = test.clock.time;
    let refusedAt = 0;
    while (refusedAt === 0) {
      test.clock.time += 100;
      await authenticate(key).catch((error: unknown) => {
        expect(error).toEqual(refused);
        refusedAt = test.clock.time;
      });
    }
    expect(refusedAt - revokedAt).toBeLessThanOrEqual(5000);
    await expect(authenticate(key)).rejects.toEqual(refused);
  });

  it('refuses a key from the moment of its expiry on', async () => {
    const { key } = await test.addKey(['ingest'], { expiresAt: test.clock.time + 1000 });
    await authenticate(key);
    test.clock.time += 999;
    await authenticate(key);
    test.clock.time += 1;
    await expect(authenticate(key)).rejects.toEqual(refused);
  });

  it('notes when keys were last used, about once a minute and not with every use', async () => {
    const { id, key } = await test.addKey(['ingest']);
    const lastUse = async () => (await test.records.get(apiKeys, { project, id }))?.last_used_at;
    const start = test.clock.time;
    expect(await lastUse()).toBeNull();
    const writes = new Set<number | null | undefined>();
    for (let second = 0; second < 180; second++) {
      await authenticate(key);
      await new Promise((resolve) => setImmediate(resolve));
      writes.add(await lastUse());
      test.clock.time += 1000;
    }
    await test.access.close();
    writes.add(await lastUse());
    writes.delete(null);
    expect(writes.size).toBeGreaterThanOrEqual(2);
    expect(writes.size).toBeLessThanOrEqual(5);
    expect(await lastUse()).toBeGreaterThan(start + 110_000);
    expect((await test.records.get(apiKeys, { project, id }))?.version).toBe(1);
  });

  it('answers ServiceUnavailable, not a refusal, when the records are away', async () => {
    const { key } = await test.addKey(['ingest']);
    test.failLookups(unavailable('away'));
    await expect(authenticate(key)).rejects.toMatchObject({ code: 'ServiceUnavailable' });
    test.failLookups(null);
    expect(await authenticate(key)).toMatchObject({ kind: 'key' });
  });
});

describe('access by password and token', () => {
  it('signs in, and the token opens what the role allows', async () => {
    const id = await test.addUser('ann@example.org', 'viewer');
    const answer = await test.signIn(' Ann@Example.ORG', 'password of ann@example.org');
    expect(answer).toEqual({
      accessToken: expect.any(String),
      expiresIn: 1800,
      refreshToken: expect.stringMatching(/^sfr_/),
      refreshExpiresIn: 7 * 24 * 3600,
    });
    expect(await authenticate(answer.accessToken)).toEqual({
      kind: 'user',
      id,
      name: 'ann@example.org',
      role: 'viewer',
      permissions: new Set(['events:read', 'metrics:read', 'alerts:read']),
      project,
      session: expect.any(String),
    });
    expect((await test.records.get(users, { project, id }))?.last_login_at).toBe(test.clock.time);
  });

  it('refuses unknown, wrong and disabled with the same words after the same work', async () => {
    await test.addUser('ann@example.org');
    const gone = await test.addUser('gone@example.org');
    await test.accounts.change({ project, id: gone }, { disabled: true });
    const outcomes = [];
    for (const [email, password] of [
      ['nobody@example.org', 'x'],
      ['ann@example.org', 'x'],
      ['gone@example.org', 'password of gone@example.org'],
      ['gone@example.org', 'x'],
      ['', ''],
    ] as const) {
      const before = test.lookups();
      const error = await test.signIn(email, password).catch((failure: unknown) => failure);
      expect(error).toEqual(refused);
      outcomes.push({ message: String(error), lookups: test.lookups() - before });
    }
    expect(new Set(outcomes.map((outcome) => JSON.stringify(outcome))).size).toBe(1);
    expect(test.passwords.verified).toEqual(['nobody', 'user', 'user', 'user', 'nobody']);
  });

  it('ends a session to the millisecond', async () => {
    await test.addUser('ann@example.org');
    const token = await signIn('ann@example.org');
    await authenticate(token);
    test.clock.time += 1_799_999;
    await authenticate(token);
    test.clock.time += 1;
    await expect(authenticate(token)).rejects.toEqual(refused);
  });

  it.each([
    ['disabling', { disabled: true }],
    ['a new password', { password: 'another password' }],
  ])('ends sessions within 5 s of %s in another process', async (_name, changes) => {
    const id = await test.addUser('ann@example.org');
    const token = await signIn('ann@example.org');
    await authenticate(token);
    await test.accounts.change({ project, id }, changes);
    test.clock.time += 5000;
    await expect(authenticate(token)).rejects.toEqual(refused);
  });

  it('refuses the sessions of a user who is disabled, also by a hand in the records', async () => {
    const id = await test.addUser('ann@example.org');
    const token = await signIn('ann@example.org');
    await test.records.update(users, { project, id }, { disabled: true });
    await expect(authenticate(token)).rejects.toEqual(refused);
  });

  it('does not bring old sessions back when a user is enabled again', async () => {
    const id = await test.addUser('ann@example.org');
    const token = await signIn('ann@example.org');
    await test.accounts.change({ project, id }, { disabled: true });
    await test.accounts.change({ project, id }, { disabled: false });
    await expect(authenticate(token)).rejects.toEqual(refused);
    expect(await authenticate(await signIn('ann@example.org'))).toMatchObject({ kind: 'user' });
  });

  it('notices a lowered role within 5 s, whatever the token says', async () => {
    const id = await test.addUser('ann@example.org', 'admin');
    await test.addUser('bob@example.org', 'admin');
    const token = await signIn('ann@example.org');
    expect((await authenticate(token)).permissions.has('admin')).toBe(true);
    await test.accounts.change({ project, id }, { role: 'viewer' });
    test.clock.time += 5000;
    expect((await authenticate(token)).permissions.has('admin')).toBe(false);
  });

  it('refuses what is too long, or no credential at all, without asking the records', async () => {
    for (const credential of [
      '',
      ' ',
      'null',
      'x'.repeat(1_000_000),
      `${'a'.repeat(700)}.${'b'.repeat(700)}.${'c'.repeat(700)}`,
    ])
      expect(() => test.access.authenticate(credential)).toThrow(refused);
    expect(test.lookups()).toBe(0);
  });
});

describe('the first administrator', () => {
  it('is made once, with what was given', async () => {
    const given = { email: 'Root@Example.org', password: 'a long password' };
    expect(await test.access.ensureAdministrator(given)).toEqual({
      email: 'root@example.org',
      generatedPassword: null,
    });
    expect(
      await test.access.ensureAdministrator({ email: 'other@example.org', password: 'x'.repeat(20) }),
    ).toBeNull();
    const answer = await test.signIn('root@example.org', 'a long password');
    expect((await authenticate(answer.accessToken)).permissions.has('admin')).toBe(true);
    expect(await test.records.count(users, { project })).toBe(1);
  });

  it('gets an address and a password of its own when none is given', async () => {
    const made = await test.access.ensureAdministrator();
    expect(made).toEqual({
      email: 'admin@localhost',
      generatedPassword: expect.stringMatching(/^[0-9A-Za-z]{20}$/),
    });
    await test.signIn('admin@localhost', made?.generatedPassword ?? '');
  });

  it('is one, also when several processes start at the same moment', async () => {
    const outcomes = await Promise.all([1, 2, 3].map(() => test.access.ensureAdministrator()));
    expect(outcomes.filter((made) => made !== null)).toHaveLength(1);
    expect(await test.records.count(users, { project })).toBe(1);
  });

  it('is refused with a bad address or password, naming it, and then not made', async () => {
    await expect(test.access.ensureAdministrator({ email: 'root' })).rejects.toMatchObject({
      details: { field: 'email' },
    });
    await expect(test.access.ensureAdministrator({ password: 'short' })).rejects.toMatchObject({
      details: { field: 'password' },
    });
    expect(await test.records.count(users, { project })).toBe(0);
  });
});
