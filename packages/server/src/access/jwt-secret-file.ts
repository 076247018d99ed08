import { randomBytes } from 'node:crypto';
import { link, open, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { StreamFlowError } from '../domain/errors.ts';

const secretBytes = 48;
const leastLength = 32;

/**
 * The secret that signs tokens, kept in a file of mode 0600; made at the first start. Of several processes that start at
 * the same moment one makes it, and all read that one.
 */
export async function loadOrCreateJwtSecret(file: string): Promise<string> {
  return (await read(file)) ?? (await create(file));
}

async function read(file: string): Promise<string | null> {
  const handle = await open(file, 'r').catch((error: unknown) => {
    if (hasCode(error, 'ENOENT')) return null;
    throw error;
  });
  if (handle === null) return null;
  try {
    const { mode } = await handle.stat();
    if ((mode & 0o077) !== 0) {
      const shown = (mode & 0o777).toString(8).padStart(4, '0');
      throw unusable(
        file,
        `can be read by other users of the machine (mode ${shown}); run chmod 600 on it, or remove it to have a new one made, which ends all sessions`,
      );
    }
    const secret = (await handle.readFile('utf8')).trim();
    if (secret.length < leastLength)
      throw unusable(
        file,
        `holds ${secret.length} characters, not the ${leastLength} that a secret needs; remove it to have a new one made`,
      );
    return secret;
  } finally {
    await handle.close();
  }
}

/** Written whole under another name and then linked, so that no process, and no crash, sees a part of it. */
async function create(file: string): Promise<string> {
  const draft = `${file}.${randomBytes(6).toString('hex')}`;
  const handle = await open(draft, 'wx', 0o600);
  try {
    await handle
      .writeFile(`${randomBytes(secretBytes).toString('base64url')}\n`)
      .then(() => handle.sync())
      .finally(() => handle.close());
    await link(draft, file).catch((error: unknown) => {
      if (!hasCode(error, 'EEXIST')) throw error;
    });
  } finally {
    await rm(draft, { force: true });
  }
  await syncDirectory(dirname(file));
  const secret = await read(file);
  if (secret === null) throw unusable(file, 'vanished while it was made');
  return secret;
}

async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r');
  await handle.sync().finally(() => handle.close());
}

const hasCode = (error: unknown, code: string): boolean =>
  error instanceof Error && 'code' in error && error.code === code;

const unusable = (file: string, reason: string): StreamFlowError =>
  new StreamFlowError('InternalError', `The secret of the tokens, ${file}, ${reason}`);
