import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable, Writable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runCli } from './main.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'streamflow-cli-'));
});
afterEach(() => rm(directory, { recursive: true }));

async function run(...argv: readonly string[]) {
  const written = { out: '', err: '' };
  const sink = (name: 'out' | 'err') =>
    new Writable({
      write(chunk, _, done) {
        written[name] += String(chunk);
        done();
      },
    });
  const exitCode = await runCli(argv, {
    stdin: Readable.from([]),
    stdout: sink('out'),
    stderr: sink('err'),
    once: () => {},
  });
  return { exitCode, ...written };
}

describe('the command line', () => {
  it.each(['start', 'import', 'query', 'tail', 'user', 'key', 'config'])('explains %s', async (command) => {
    const { exitCode, out, err } = await run(command, '--help');
    expect({ exitCode, err }).toEqual({ exitCode: 0, err: '' });
    expect(out).toContain(`Usage: streamflow ${command}`);
  });

  it('says its version', async () => {
    expect(await run('--version')).toMatchObject({
      exitCode: 0,
      out: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
    });
  });

  it.each([
    ['an unknown command', ['bogus']],
    ['an unknown option', ['query', '--bogus']],
    ['a bad value', ['query', '--limit', 'x']],
    ['a bad mapping', ['import', 'a.ndjson', '--map', 'nothing=x']],
    ['a missing argument', ['import']],
    ['an unknown service', ['start', 'bogus']],
  ])('answers %s with 2 and one line', async (_, argv) => {
    const { exitCode, out, err } = await run(...argv);
    expect({ exitCode, out }).toEqual({ exitCode: 2, out: '' });
    expect(err).toMatch(/^streamflow: [^\n]+\n$/);
  });

  it('answers a failure with 1 and one line, as JSON when asked to', async () => {
    const missing = join(directory, 'none.ndjson');
    expect(await run('import', missing)).toMatchObject({
      exitCode: 1,
      err: expect.stringMatching(/^streamflow: ENOENT[^\n]*\n$/),
    });
    const { exitCode, err } = await run('import', missing, '--json');
    expect(exitCode).toBe(1);
    expect(JSON.parse(err)).toMatchObject({ error: 'ENOENT' });
  });

  it('says in one line when there is no server at the address', async () => {
    const { exitCode, err } = await run('query', '--storage-url', 'http://127.0.0.1:1', '--json');
    expect(exitCode).toBe(1);
    expect(JSON.parse(err)).toMatchObject({ error: 'ConnectionFailed' });
  });

  it.each([
    [['query']],
    [['tail']],
    [['user', 'list']],
    [['user', 'disable', 'a@example.org']],
    [['key', 'list']],
    [['config', 'check']],
  ])('makes no data directory for %j', async (argv) => {
    const missing = join(directory, 'none');
    const { exitCode, err } = await run(...argv, '--data-dir', missing, '--json');
    if (argv[0] !== 'config') {
      expect(exitCode).toBe(1);
      expect(JSON.parse(err)).toMatchObject({ error: 'NotFound', message: expect.stringContaining(missing) });
    }
    expect(await readdir(directory)).toEqual([]);
  });
});
