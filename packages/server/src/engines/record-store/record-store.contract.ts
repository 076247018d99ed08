import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Clock } from '../../domain/clock.ts';
import { apiKeys } from '../../domain/records/api-keys.ts';
import { settings } from '../../domain/records/settings.ts';
import { type UserFields, users } from '../../domain/records/users.ts';
import type { NewRecord, RecordPosition, RecordStore } from './port.ts';

/** One empty place for records. `open` may be called several times, also at once: handles of the same store. */
export interface RecordStorePlace {
  open(clock: Clock): Promise<RecordStore>;
  /** Called when all handles are closed. */
  remove(): Promise<void>;
}

const project = 'default';
const user = (email: string, fields: Partial<UserFields> & { id?: string } = {}): NewRecord<UserFields> => ({
  id: randomUUID(),
  project,
  email,
  password_hash: 'hash',
  role: 'viewer',
  disabled: false,
  session_epoch: 1,
  last_login_at: null,
  ...fields,
});
const code = (name: string, details: object = {}) =>
  expect.objectContaining({ code: name, details: expect.objectContaining(details) });

/** What every record store promises. */
export function recordStoreContract(name: string, makePlace: () => Promise<RecordStorePlace>): void {
  describe(`${name}: the record store's promises`, () => {
    let place: RecordStorePlace;
    let store: RecordStore;
    let now: number;
    const opened: RecordStore[] = [];
    const open = async (): Promise<RecordStore> => {
      const handle = await place.open({ now: () => now });
      opened.push(handle);
      return handle;
    };

    beforeEach(async () => {
      now = 1_700_000_000_000;
      place = await makePlace();
      store = await open();
    });
    afterEach(async () => {
      await Promise.all(opened.splice(0).map((handle) => handle.close()));
      await place.remove();
    });

    it('returns what was inserted, with version 1 and the times', async () => {
      const made = await store.insert(users, user('a@example.org', { id: 'u1', last_login_at: 5 }));
      expect(made).toEqual({
        ...user('a@example.org', { id: 'u1', last_login_at: 5 }),
        version: 1,
        created_at: now,
        updated_at: now,
      });
      expect(await store.get(users, { project, id: 'u1' })).toEqual(made);
      expect(await store.get(users, { project: 'other', id: 'u1' })).toBeNull();
      expect(await store.get(users, { project, id: 'u2' })).toBeNull();
    });

    it.each([[{ a: [1, null, { 'x.y': 'ü\u0000' }] }], [[]], ['text'], [0], [false], [null]])(
      'keeps the JSON value %j',
      async (value) => {
        await store.insert(settings, { project, id: 'k', value });
        expect((await store.get(settings, { project, id: 'k' }))?.value).toEqual(value);
      },
    );

    it('keeps text as it is, also what looks like SQL', async () => {
      const email = `"'; drop table users; --\n%_@ü😀`;
      await store.insert(users, user(email, { id: 'u1' }));
      expect((await store.get(users, { project, id: 'u1' }))?.email).toBe(email);
      expect((await store.find(users, { email }))?.id).toBe('u1');
    });

    it('finds by a unique key, without regard to case where it is caseless', async () => {
      await store.insert(users, user('Ann@Example.org', { id: 'u1' }));
      expect((await store.find(users, { email: 'aNN@example.ORG' }))?.id).toBe('u1');
      expect(await store.find(users, { email: 'bob@example.org' })).toBeNull();
      await expect(store.find(users, { role: 'admin' })).rejects.toThrow(TypeError);
    });

    it('answers Conflict, naming the fields, when a unique key or an id is taken', async () => {
      const first = await store.insert(users, user('a@example.org', { id: 'u1' }));
      await expect(store.insert(users, user('A@EXAMPLE.ORG'))).rejects.toEqual(
        code('Conflict', { fields: ['email'] }),
      );
      await expect(store.insert(users, user('b@example.org', { id: 'u1' }))).rejects.toEqual(
        code('Conflict', { fields: ['id'] }),
      );
      await store.insert(users, user('b@example.org', { id: 'u2' }));
      await expect(store.update(users, { project, id: 'u2' }, { email: 'a@example.org' })).rejects.toEqual(
        code('Conflict', { fields: ['email'] }),
      );
      expect(await store.get(users, { project, id: 'u1' })).toEqual(first);
      expect(await store.count(users, { project })).toBe(2);
    });

    it('keeps projects apart, but for keys that are unique in the whole installation', async () => {
      await store.insert(settings, { project, id: 'k', value: 1 });
      await store.insert(settings, { project: 'other', id: 'k', value: 2 });
      await store.update(settings, { project, id: 'k' }, { value: 3 });
      expect((await store.get(settings, { project: 'other', id: 'k' }))?.value).toBe(2);
      expect((await store.list(settings, { project, limit: 10 })).records).toHaveLength(1);
      await store.insert(users, user('a@example.org'));
      await expect(store.insert(users, { ...user('a@example.org'), project: 'other' })).rejects.toEqual(
        code('Conflict', { fields: ['email'] }),
      );
    });

    it('raises the version with each update, and refuses one that was made for another version', async () => {
      const ref = { project, id: 'u1' };
      await store.insert(users, user('a@example.org', { id: 'u1' }));
      now += 1000;
      const second = await store.update(users, ref, { role: 'analyst' }, { version: 1 });
      expect(second).toMatchObject({ role: 'analyst', version: 2, updated_at: now, created_at: now - 1000 });
      await expect(store.update(users, ref, { role: 'admin' }, { version: 1 })).rejects.toEqual(
        code('Conflict', { version: 2 }),
      );
      expect(await store.get(users, ref)).toEqual(second);
      await expect(store.update(users, { project, id: 'none' }, { role: 'admin' })).rejects.toEqual(
        code('NotFound'),
      );
    });

    it('keeps version and time when only unversioned fields are written', async () => {
      const ref = { project, id: 'u1' };
      await store.insert(users, user('a@example.org', { id: 'u1' }));
      now += 1000;
      await store.update(users, ref, { last_login_at: now });
      expect(await store.get(users, ref)).toMatchObject({
        last_login_at: now,
        version: 1,
        updated_at: now - 1000,
      });
    });

    it('deletes once, and only the version that was meant', async () => {
      const ref = { project, id: 'u1' };
      await store.insert(users, user('a@example.org', { id: 'u1' }));
      await expect(store.delete(users, ref, { version: 2 })).rejects.toEqual(code('Conflict'));
      expect(await store.delete(users, ref)).toBe(true);
      expect(await store.delete(users, ref)).toBe(false);
      expect(await store.get(users, ref)).toBeNull();
    });

    it('lists in order, narrowed by declared fields, each record once while others come and go', async () => {
      for (let index = 0; index < 25; index++) {
        if (index % 5 === 0) now += 10;
        const role = index % 2 === 0 ? 'viewer' : 'admin';
        await store.insert(users, user(`${index}@example.org`, { id: `u${(index * 7) % 25}`, role }));
      }
      const seen: string[] = [];
      const times: number[] = [];
      let after: RecordPosition | undefined;
      do {
        const page = await store.list(users, {
          project,
          where: { role: 'viewer' },
          direction: 'desc',
          limit: 3,
          ...(after === undefined ? {} : { after }),
        });
        seen.push(...page.records.map((record) => record.email));
        times.push(...page.records.map((record) => record.created_at));
        after = page.next ?? undefined;
        await store.insert(users, user(`new${seen.length}@example.org`, { role: 'admin' }));
      } while (after !== undefined);
      expect(seen).toHaveLength(13);
      expect(new Set(seen).size).toBe(13);
      expect(times).toEqual([...times].sort((a, b) => b - a));
      expect(await store.count(users, { project, where: { role: 'viewer', disabled: false } })).toBe(13);
      expect(await store.count(users, { project: 'other' })).toBe(0);
    });

    it('narrows lists and counts to a range of a field that orders, with its start and without its end', async () => {
      for (const name of ['c', 'a', 'e', 'b', 'd']) await store.insert(users, user(`${name}@example.org`));
      const emails = async (range: { from?: string; to?: string }, skip = 0) => {
        const filter = { project, range: { field: 'email', ...range } } as const;
        const { records } = await store.list(users, { ...filter, orderBy: 'email', limit: 9, skip });
        return [records.map(({ email }) => email[0]).join(''), await store.count(users, filter)];
      };
      expect(await emails({ from: 'b@example.org', to: 'd@example.org' })).toEqual(['bc', 2]);
      expect(await emails({ from: 'c@example.org' }, 1)).toEqual(['de', 3]);
      expect(await emails({ to: 'a@example.org' })).toEqual(['', 0]);
      expect(await emails({})).toEqual(['abcde', 5]);
      const times = { project, range: { field: 'created_at', from: now, to: now + 1 } } as const;
      expect(await store.count(users, times)).toBe(5);
      expect(await store.count(users, { ...times, where: { disabled: true } })).toBe(0);
      const wrong = { project, range: { field: 'role', from: 'a' } } as const;
      await expect(store.count(users, wrong)).rejects.toThrow(TypeError);
    });

    it('lists by a declared field and by page number', async () => {
      for (const name of ['c', 'a', 'e', 'b', 'd']) await store.insert(users, user(`${name}@example.org`));
      const page = await store.list(users, { project, orderBy: 'email', limit: 2, skip: 2 });
      expect(page.records.map((record) => record.email)).toEqual(['c@example.org', 'd@example.org']);
      expect(page.next).toEqual({ value: 'd@example.org', id: page.records[1]?.id });
      await expect(store.list(users, { project, orderBy: 'role', limit: 2 })).rejects.toThrow(TypeError);
      await expect(store.count(users, { project, where: { password_hash: 'x' } })).rejects.toThrow(TypeError);
    });

    it('commits a transaction over several kinds whole, and shows it to nobody before', async () => {
      const other = await open();
      await store.transaction(async (tx) => {
        await tx.insert(users, user('a@example.org', { id: 'u1' }));
        await tx.insert(settings, { project, id: 'k', value: 'v' });
        expect((await tx.get(users, { project, id: 'u1' }))?.email).toBe('a@example.org');
        expect(await other.get(users, { project, id: 'u1' })).toBeNull();
        expect(await store.get(users, { project, id: 'u1' })).toBeNull();
      });
      expect(await other.get(users, { project, id: 'u1' })).not.toBeNull();
      expect((await other.get(settings, { project, id: 'k' }))?.value).toBe('v');
    });

    it('undoes every write of a transaction that fails, and goes on working', async () => {
      await store.insert(users, user('a@example.org', { id: 'u1' }));
      const failure = new Error('no');
      await expect(
        store.transaction(async (tx) => {
          await tx.update(users, { project, id: 'u1' }, { role: 'admin' });
          await tx.insert(settings, { project, id: 'k', value: 1 });
          throw failure;
        }),
      ).rejects.toBe(failure);
      expect(await store.get(users, { project, id: 'u1' })).toMatchObject({ role: 'viewer', version: 1 });
      expect(await store.get(settings, { project, id: 'k' })).toBeNull();
      await store.insert(settings, { project, id: 'k', value: 2 });
    });

    it('never commits a transaction that hides the failure of one of its writes', async () => {
      await store.insert(users, user('a@example.org'));
      await expect(
        store.transaction(async (tx) => {
          await tx.insert(settings, { project, id: 'k', value: 1 });
          await tx.insert(users, user('a@example.org')).catch(() => undefined);
        }),
      ).rejects.toEqual(code('Conflict'));
      expect(await store.get(settings, { project, id: 'k' })).toBeNull();
    });

    it('takes what the work did not wait for into the transaction, and nothing after it', async () => {
      const forgotten: Promise<unknown>[] = [];
      await store.transaction(async (tx) => {
        forgotten.push(tx.insert(users, user('a@example.org', { id: 'u1' })));
      });
      await Promise.all(forgotten);
      expect(await store.get(users, { project, id: 'u1' })).not.toBeNull();
      const failure = new Error('no');
      const undone = store.transaction(async (tx) => {
        forgotten.push(tx.insert(users, user('b@example.org', { id: 'u2' })));
        throw failure;
      });
      await expect(undone).rejects.toBe(failure);
      await Promise.all(forgotten);
      expect(await store.get(users, { project, id: 'u2' })).toBeNull();
    });

    it('lets one of several handles have a unique key that all ask for at once', async () => {
      const handles = [store, await open(), await open()];
      const outcomes = await Promise.allSettled(
        handles.map((handle) => handle.insert(users, user('a@example.org'))),
      );
      expect(outcomes.filter((outcome) => outcome.status === 'fulfilled')).toHaveLength(1);
      for (const outcome of outcomes) {
        if (outcome.status === 'rejected')
          expect(outcome.reason).toEqual(code('Conflict', { fields: ['email'] }));
      }
      expect(await store.count(users, { project })).toBe(1);
    });

    it('orders text by its bytes, and what has no case apart from it', async () => {
      const emails = ['b', 'A', 'a-', 'a_', 'B2', 'Z', 'é', 'ab', 'z\u{1f600}'];
      for (const email of emails) await store.insert(users, user(email));
      const lower = (text: string) => text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
      const expected = emails.map(lower).sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
      const listed: string[] = [];
      let after: RecordPosition | undefined;
      do {
        const page = await store.list(users, {
          project,
          orderBy: 'email',
          limit: 2,
          ...(after === undefined ? {} : { after }),
        });
        listed.push(...page.records.map(({ email }) => lower(email)));
        after = page.next ?? undefined;
      } while (after !== undefined);
      expect(listed).toEqual(expected);
      expect(await store.count(users, { project, where: { email: 'a' } })).toBe(1);
    });

    it('refuses the use of a transaction after its end', async () => {
      const escaped = await store.transaction(async (tx) => tx);
      await expect(escaped.insert(settings, { project, id: 'k', value: 1 })).rejects.toThrow(TypeError);
      expect(await store.get(settings, { project, id: 'k' })).toBeNull();
    });

    it('lets one of two handles win an update for the same version', async () => {
      const other = await open();
      await store.insert(users, user('a@example.org', { id: 'u1' }));
      const outcomes = await Promise.allSettled(
        [store, other].map((handle) =>
          handle.update(users, { project, id: 'u1' }, { role: 'admin' }, { version: 1 }),
        ),
      );
      expect(outcomes.map((outcome) => outcome.status).sort()).toEqual(['fulfilled', 'rejected']);
      expect(outcomes.find((outcome) => outcome.status === 'rejected')).toMatchObject({
        reason: { code: 'Conflict' },
      });
      expect((await other.get(users, { project, id: 'u1' }))?.version).toBe(2);
    });

    it('loses no update of transactions that read, then write, on several handles', async () => {
      const handles = [store, await open(), await open()];
      await store.insert(settings, { project, id: 'n', value: 0 });
      const add = (handle: RecordStore) =>
        handle.transaction(async (tx) => {
          const current = await tx.get(settings, { project, id: 'n' });
          await new Promise((resolve) => setImmediate(resolve));
          await tx.update(settings, { project, id: 'n' }, { value: Number(current?.value) + 1 });
        });
      await Promise.all(handles.flatMap((handle) => Array.from({ length: 10 }, () => add(handle))));
      expect((await store.get(settings, { project, id: 'n' }))?.value).toBe(30);
    });

    it('lets transactions that each read what the other writes not both pass', async () => {
      const other = await open();
      await store.insert(users, user('a@example.org', { id: 'u1', role: 'admin' }));
      await store.insert(users, user('b@example.org', { id: 'u2', role: 'admin' }));
      const lower = (handle: RecordStore, id: string) =>
        handle.transaction(async (tx) => {
          const admins = await tx.count(users, { project, where: { role: 'admin' } });
          await new Promise((resolve) => setImmediate(resolve));
          if (admins > 1) await tx.update(users, { project, id }, { role: 'viewer' });
        });
      await Promise.all([lower(store, 'u1'), lower(other, 'u2')]);
      expect(await store.count(users, { project, where: { role: 'admin' } })).toBe(1);
    });

    it('refuses what is not of the kind’s shape', async () => {
      const strange: NewRecord<UserFields> = JSON.parse(
        JSON.stringify({ ...user('a@example.org'), role: 'root' }),
      );
      await expect(store.insert(users, strange)).rejects.toThrow(TypeError);
      await store.insert(users, user('a@example.org', { id: 'u1' }));
      const stranger: Partial<UserFields> = JSON.parse('{"id":"u2"}');
      await expect(store.update(users, { project, id: 'u1' }, stranger)).rejects.toThrow(TypeError);
      expect(await store.count(users, { project })).toBe(1);
    });

    it('makes its tables once when several open the empty store at the same moment', async () => {
      const empty = await makePlace();
      const clock = { now: () => now };
      const handles = await Promise.all([empty.open(clock), empty.open(clock), empty.open(clock)]);
      const key = { name: 'k', prefix: 'sf_', scopes: ['ingest' as const], created_by: 'u1' };
      const blank = { expires_at: null, revoked_at: null, last_used_at: null, requests_per_minute: null };
      await handles[0]?.insert(apiKeys, { id: 'k1', project, key_hash: 'h', ...key, ...blank });
      expect((await handles[2]?.find(apiKeys, { key_hash: 'h' }))?.scopes).toEqual(['ingest']);
      await Promise.all(handles.map((handle) => handle.close()));
      await empty.remove();
    });

    it('keeps everything over closing and opening, and answers ServiceUnavailable when closed', async () => {
      await store.insert(users, user('a@example.org', { id: 'u1' }));
      await store.ping();
      await store.close();
      await expect(store.get(users, { project, id: 'u1' })).rejects.toEqual(code('ServiceUnavailable'));
      await expect(store.insert(users, user('b@example.org'))).rejects.toEqual(code('ServiceUnavailable'));
      await expect(store.ping()).rejects.toEqual(code('ServiceUnavailable'));
      store = await open();
      expect((await store.get(users, { project, id: 'u1' }))?.email).toBe('a@example.org');
    });
  });
}
