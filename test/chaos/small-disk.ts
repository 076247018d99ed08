import { execFile } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Mounts a tmpfs of so many megabytes; null where this user may not. */
export async function mountSmallDisk(
  path: string,
  megabytes: number,
): Promise<{ unmount(): Promise<void> } | null> {
  await mkdir(path, { recursive: true });
  try {
    await run('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m,mode=700`, 'tmpfs', path]);
  } catch {
    return null;
  }
  return { unmount: async () => void (await run('umount', [path])) };
}
