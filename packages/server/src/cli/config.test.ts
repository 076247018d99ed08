import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { configCommand } from './config.ts';

let directory: string;
let printed: string[];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'streamflow-config-'));
  printed = [];
  vi.spyOn(console, 'log').mockImplementation((line: string) => void printed.push(line));
  vi.spyOn(console, 'error').mockImplementation((line: string) => void printed.push(line));
});
afterEach(() => {
  vi.restoreAllMocks();
  process.exitCode = undefined;
  rmSync(directory, { recursive: true });
});

async function run(yaml: string, ...args: string[]): Promise<string> {
  const file = join(directory, 'config.yaml');
  writeFileSync(file, yaml);
  const program = new Command('streamflow').option('--config <file>').addCommand(configCommand());
  await program.parseAsync(['--config', file, 'config', ...args], { from: 'user' });
  return printed.join('\n');
}

describe('streamflow config', () => {
  it('check says that all is well, with warnings', async () => {
    const output = await run('security:\n  bcrypt_rounds: 12\n', 'check');
    expect(output).toMatch(/The configuration is good: .*config\.yaml, embedded engines\./);
    expect(output).toMatch(/Warning: security\.bcrypt_rounds: passwords are hashed with Argon2id/);
    expect(process.exitCode).toBeUndefined();
  });

  it('check lists every problem and fails', async () => {
    const output = await run('services:\n  storage:\n    port: x\nlogs: 1\n', 'check', '--json');
    expect(JSON.parse(output)).toMatchObject({
      ok: false,
      problems: [{ key: 'logs' }, { key: 'services.storage.port' }],
    });
    expect(process.exitCode).toBe(1);
  });

  it('check refuses what start refuses, by the names of the settings', async () => {
    const output = await run('', 'check', 'storage', '--json');
    expect(JSON.parse(output)).toMatchObject({
      ok: false,
      problems: [
        { key: 'rabbitmq.url', source: 'set RABBITMQ_URL' },
        { key: 'database.url', source: 'set DATABASE_URL' },
      ],
    });
    expect(process.exitCode).toBe(1);
  });

  it('show prints every setting with its source, and no secret', async () => {
    const yaml = 'security:\n  jwt:\n    secret_key: a-signing-secret-of-more-than-32-bytes\n';
    const output = await run(yaml, 'show');
    expect(output).toMatch(/security\.jwt\.secret_key +"\*{8}" {2}\(.*config\.yaml line 3\)/);
    expect(output).toMatch(/services\.ingestion\.port +8001 {2}\(default\)/);
    expect(output).not.toMatch(/a-signing-secret/);
  });
});
