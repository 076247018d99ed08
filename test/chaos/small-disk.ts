import { execFile, spawnSync } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);
/** Out of sight at once: a process that was killed may still be about to let go of its files. */
const lazily = '-l';

/** Mounts a tmpfs of so many megabytes; null where this user may not. It does not outlive this process. */
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
  const atExit = (): void => void spawnSync('umount', [lazily, path]);
  process.on('exit', atExit);
  return {
    async unmount() {
      process.off('exit', atExit);
      await run('umount', [lazily, path]);
    },
  };
}
