import { PassThrough } from 'node:stream';
import { StreamFlow } from '@streamflow/client';
import { type ApiKey, permissions, type User } from '@streamflow/contracts';
import { Command } from 'commander';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openTestAccess, project, type TestAccess } from '../access/access.fixture.ts';
import { users } from '../domain/records/users.ts';
import { startTestServer, type TestServer } from '../http/server.fixture.ts';
import type { Connect } from './cli-connection.ts';
import { keyCommand } from './key.ts';
import type { Terminal } from './terminal.ts';
import { userCommand } from './user.ts';

let test: TestAccess;
let server: TestServer;
let connect: Connect;
let open: number;

beforeEach(async () => {
  test = await openTestAccess();
  server = await startTestServer(test.access.adminRoutes(), {
    access: { allowAnonymous: false, authenticate: test.access.authenticate },
    clock: test.clock,
  });
  const { port } = await server.listen('127.0.0.1', 0);
  const { key } = await test.addKey(['admin'], { name: 'of the test' });
  open = 0;
  connect = async () => {
    open++;
    const client = new StreamFlow({ dashboardUrl: `http://127.0.0.1:${port}`, apiKey: key });
    return {
      client,
      request: (service, method, path, options = {}) => client.request(service, method, path, options),
      close: async () => {
        open--;
      },
    };
  };
});
afterEach(async () => {
  expect(open).toBe(0);
  await server.close();
  await test.close();
});

/** Runs a command as its words say, with what stands on standard input. */
async function run(words: string[], input = ''): Promise<{ out: string[]; notes: string[] }> {
  const out: string[] = [];
  const notes: string[] = [];
  const stdin = new PassThrough();
  stdin.end(input);
  const terminal: Terminal = {
    stdin,
    print: async (line) => void out.push(line),
    note: (line) => void notes.push(line),
    screen: undefined,
    columns: undefined,
    interrupted: new AbortController().signal,
    fail: () => undefined,
  };
  const silent = { writeErr: () => undefined, writeOut: () => undefined };
  const program = new Command('streamflow').exitOverride().configureOutput(silent);
  for (const command of [userCommand(connect, terminal), keyCommand(connect, terminal, test.clock)]) {
    for (const one of [command, ...command.commands]) one.exitOverride().configureOutput(silent);
    program.addCommand(command);
  }
  await program.parseAsync(words, { from: 'user' });
  return { out, notes };
}
const parsed = <T>(lines: string[]): T => JSON.parse(lines.join('\n'));

describe('streamflow user', () => {
  it('adds a user whose password comes by standard input, with or without a line end', async () => {
    for (const [email, input] of [
      ['ann@example.org', 'a good password'],
      ['bob@example.org', 'a good password\r\nand more'],
    ] as const) {
      const { out } = await run(['user', 'add', email, '--role', 'analyst', '--password-stdin'], input);
      expect(out).toEqual([`Added ${email} as analyst.`]);
      await test.signIn(email, 'a good password');
    }
  });

  it('adds nobody without a password, with a bad one, or with one on the command line', async () => {
    await expect(run(['user', 'add', 'ann@example.org'])).rejects.toThrow(/--password-stdin/);
    await expect(run(['user', 'add', 'ann@example.org', '--password-stdin'], '\n')).rejects.toThrow(
      /no password/,
    );
    await expect(run(['user', 'add', 'ann@example.org', '--password-stdin'], 'short')).rejects.toMatchObject({
      code: 'ValidationError',
    });
    await expect(
      run(['user', 'add', 'ann@example.org', '--password', 'a good password']),
    ).rejects.toMatchObject({
      exitCode: 1,
    });
    expect(await test.records.count(users, { project })).toBe(0);
  });

  it('lists users as a table and as JSON, harmless to a terminal', async () => {
    await test.addUser('ann@example.org', 'admin');
    await test.addUser('\u202eevil@example.org');
    const { out } = await run(['user', 'list']);
    expect(out[0]).toMatch(/^EMAIL +ROLE +STATE +CREATED +LAST SIGN-IN$/);
    expect(out.find((line) => line.includes('ann@'))).toMatch(
      /admin +active +2023-12-01T12:00:00.000Z +never$/,
    );
    expect(out.join()).not.toContain('\u202e');
    const listed = parsed<User[]>((await run(['user', 'list', '--json'])).out);
    expect(listed.map((user) => user.role).sort()).toEqual(['admin', 'viewer']);
  });

  it('disables and enables by address', async () => {
    await test.addUser('ann@example.org');
    expect((await run(['user', 'disable', 'ANN@example.org'])).out).toEqual(['ann@example.org is disabled.']);
    await expect(test.signIn('ann@example.org', 'password of ann@example.org')).rejects.toThrow();
    const enabled = parsed<User>((await run(['user', 'enable', 'ann@example.org', '--json'])).out);
    expect(enabled).toMatchObject({ email: 'ann@example.org', disabled: false });
    await test.signIn('ann@example.org', 'password of ann@example.org');
    await expect(run(['user', 'disable', 'nobody@example.org'])).rejects.toMatchObject({ code: 'NotFound' });
  });

  it('gives a new password, which ends the sessions', async () => {
    await test.addUser('ann@example.org');
    const { accessToken: access_token } = await test.signIn('ann@example.org', 'password of ann@example.org');
    await run(['user', 'passwd', 'ann@example.org', '--password-stdin'], 'another password\n');
    await test.signIn('ann@example.org', 'another password');
    await expect((async () => test.access.authenticate(access_token))()).rejects.toMatchObject({
      code: 'AuthenticationRequired',
    });
  });
});

describe('streamflow key', () => {
  it('prints the key alone on standard output, and the rest beside it', async () => {
    const { out, notes } = await run(['key', 'create', 'web']);
    expect(out).toEqual([expect.stringMatching(/^sf_[0-9A-Za-z]{36}_[0-9A-Za-z]{6}$/)]);
    expect(notes).toHaveLength(1);
    const principal = await test.access.authenticate(out[0] ?? '');
    expect([...principal.permissions]).toEqual(['events:write']);
  });

  it('makes keys of several scopes, with an end and a rate', async () => {
    const flags = ['--scope', 'read', 'admin', '--expires', '90d', '--requests-per-minute', '60', '--json'];
    const made = parsed<ApiKey & { key: string }>((await run(['key', 'create', 'ops', ...flags])).out);
    expect(made).toMatchObject({
      scopes: ['read', 'admin'],
      expires_at: '2024-02-29T12:00:00.000Z',
      requests_per_minute: 60,
    });
    expect([...(await test.access.authenticate(made.key)).permissions].sort()).toEqual(
      [...permissions].sort(),
    );
    const dated = await run(['key', 'create', 'ops', '--expires', '2030-01-31', '--json']);
    expect(parsed<ApiKey>(dated.out).expires_at).toBe('2030-01-31T00:00:00.000Z');
  });

  it('makes keys for pages and for some events, and rotates them', async () => {
    const flags = ['--origin', 'https://shop.example', '--event-type', 'web.click', 'custom.*', '--json'];
    const made = parsed<ApiKey & { key: string }>((await run(['key', 'create', 'shop', ...flags])).out);
    expect(made).toMatchObject({
      allowed_origins: ['https://shop.example'],
      event_types: ['web.click', 'custom.*'],
    });
    const { out, notes } = await run(['key', 'rotate', made.prefix, '--overlap', '0']);
    expect(out).toEqual([expect.stringMatching(/^sf_[0-9A-Za-z]{36}_[0-9A-Za-z]{6}$/)]);
    expect(notes).toHaveLength(1);
    expect(await test.access.authenticate(out[0] ?? '')).toMatchObject({ id: made.id });
    await expect((async () => test.access.authenticate(made.key))()).rejects.toMatchObject({
      code: 'AuthenticationRequired',
    });
  });

  it.each([
    ['--scope', 'root'],
    ['--expires', 'soon'],
    ['--expires', '2030-99-99'],
    ['--requests-per-minute', '0'],
  ])('refuses %s %s before asking the server', async (flag, value) => {
    await expect(run(['key', 'create', 'web', flag, value])).rejects.toMatchObject({
      code: 'commander.invalidArgument',
    });
  });

  it('lists all keys over several pages, and revokes by beginning, by id and by the whole key', async () => {
    const made = [];
    for (const name of ['one', 'two', 'three']) made.push(await test.addKey(['ingest'], { name }));
    for (let n = 0; n < 1010; n++) await test.addKey(['ingest'], { name: `bulk ${n}` });
    expect(parsed<ApiKey[]>((await run(['key', 'list', '--json'])).out)).toHaveLength(1014);
    const [one, two, three] = made;
    const words = [one?.key.slice(0, 9), two?.id, three?.key];
    for (const word of words) await run(['key', 'revoke', word ?? '']);
    const states = (await run(['key', 'list'])).out.filter((line) => line.includes('revoked'));
    expect(states).toHaveLength(3);
    for (const word of ['', 'sf_', `${one?.key.slice(0, 9)}x`])
      await expect(run(['key', 'revoke', word])).rejects.toMatchObject({ code: 'NotFound' });
  });
});
