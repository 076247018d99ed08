import { appendFile, rm, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { now, until, wait } from '../timing.ts';
import type { Fault } from './fault.ts';

const mebibyte = 1024 * 1024;

/** Takes what room there is; false when there was none. */
async function fill(directory: string, ballast: string): Promise<boolean> {
  const { bavail, bsize } = await statfs(directory);
  const room = bavail * bsize;
  if (room === 0) return false;
  try {
    await appendFile(ballast, Buffer.alloc(Math.min(room, 16 * mebibyte)));
  } catch (error) {
    // Somebody else was faster.
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error;
  }
  return true;
}

const diskFull: Fault = {
  name: 'disk full',
  shapes: ['small-disk'],
  short: ['small-disk'],
  brings: ['unanswered'],
  async run({ disk, load, lastingMs }) {
    if (disk === null) throw new Error('The shape has no disk of its own');
    const ballast = join(disk, 'ballast');
    let filling = true;
    const filler = (async () => {
      while (filling) if (!(await fill(disk, ballast))) await wait(20);
    })();
    try {
      const before = load.state().answered503;
      const refused = await until(30_000, () => load.state().answered503 > before);
      await wait(lastingMs);
      const answered = load.state().answered503 - before;
      return {
        liftedAt: now(),
        remarks: [`${answered} requests answered 503`],
        problems: refused ? [] : ['no request was answered 503 on a full disk'],
      };
    } finally {
      filling = false;
      await filler;
      await rm(ballast, { force: true });
    }
  },
};

export const diskFaults: readonly Fault[] = [diskFull];
