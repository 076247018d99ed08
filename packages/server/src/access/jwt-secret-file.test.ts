import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadOrCreateJwtSecret } from './jwt-secret-file.ts';

describe('the secret of the tokens', () => {
  let directory: string;
  let file: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'streamflow-secret-'));
    file = join(directory, 'jwt-secret');
  });
  afterEach(() => rm(directory, { recursive: true }));

  it('is made of 48 random bytes that only the owner reads, and stays', async () => {
    const secret = await loadOrCreateJwtSecret(file);
    expect(secret).toMatch(/^[0-9A-Za-z_-]{64}$/);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(await loadOrCreateJwtSecret(file)).toBe(secret);
    expect(await readdir(directory)).toEqual(['jwt-secret']);
  });

  it('is one for all processes that start at the same moment', async () => {
    const secrets = await Promise.all(Array.from({ length: 10 }, () => loadOrCreateJwtSecret(file)));
    expect(new Set(secrets).size).toBe(1);
    expect(await readdir(directory)).toEqual(['jwt-secret']);
  });

  it.each([0o644, 0o640, 0o604])('is refused, and left as it is, in a file of mode %o', async (mode) => {
    await writeFile(file, 'x'.repeat(64));
    await chmod(file, mode);
    await expect(loadOrCreateJwtSecret(file)).rejects.toThrow(/can be read by other users .* chmod 600/);
    expect(await readFile(file, 'utf8')).toBe('x'.repeat(64));
  });

  it('is refused when it is too short to be one', async () => {
    await writeFile(file, 'short\n', { mode: 0o600 });
    await expect(loadOrCreateJwtSecret(file)).rejects.toThrow(/holds 5 characters/);
  });

  it('is not made where it cannot be kept', async () => {
    await expect(loadOrCreateJwtSecret(join(directory, 'none', 'jwt-secret'))).rejects.toThrow(/ENOENT/);
  });
});
