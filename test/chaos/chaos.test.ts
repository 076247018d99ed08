import { execFile, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it, test } from 'vitest';
import { mutate } from './mutant.ts';
import { mutants } from './mutant-list.ts';
import { missingServers, shapes } from './shapes.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const program = fileURLToPath(new URL('./dist/main.js', import.meta.url));
/** For a machine with much else to do; a quiet one takes a tenth of it. */
const runDeadlineMs = 580_000;
const testDeadlineMs = 600_000;

interface Ended {
  readonly code: number;
  readonly output: string;
}

/** The run as `npm run chaos` starts it, which ends its own processes also when it is told to stop. */
function run(...args: readonly string[]): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const options = { timeout: runDeadlineMs, killSignal: 'SIGTERM' as const, cwd: root };
    execFile(process.execPath, [program, ...args], options, (error, stdout, stderr) => {
      if (error === null) return resolve({ code: 0, output: stdout });
      if (typeof error.code !== 'number') return reject(error);
      resolve({ code: error.code, output: `${stdout}${stderr}` });
    });
  });
}

beforeAll(() => {
  const compiler = `${root}/node_modules/typescript/bin/tsc`;
  const { status, stdout } = spawnSync(process.execPath, [compiler, '-p', 'test/chaos'], {
    cwd: root,
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(stdout);
}, 60_000);

describe('the mutants that prove the run', () => {
  it.each(mutants.map((mutant) => [mutant.name, mutant.shape, mutant] as const))(
    'a server that %s (%s) can be made of what is built',
    (_name, _shape, mutant) => {
      const built = readFileSync(`${root}/packages/server/dist/${mutant.file}`, 'utf8');
      expect(mutate(mutant, built)).not.toBe(built);
    },
  );
});

describe('the short fault run', () => {
  it(
    'loses and doubles nothing on the embedded engines, whatever is killed',
    async () => {
      const { code, output } = await run('--short', '--shape', 'embedded');
      expect(code, output).toBe(0);
      expect(output).toMatch(/^\| all together \|/m);
    },
    testDeadlineMs,
  );

  const canMount = process.getuid?.() === 0 && existsSync('/proc/mounts');
  if (canMount || process.env.REQUIRE_SERVICES === '1') {
    it(
      'answers 503 on a full disk, and comes back when there is room',
      async () => {
        const { code, output } = await run('--short', '--shape', 'small-disk');
        expect(code, output).toBe(0);
        expect(output).toMatch(/^\| disk full \|/m);
      },
      testDeadlineMs,
    );
  } else test.skip('a full disk: only root may mount a small one', () => {});

  const missing = missingServers(shapes.servers);
  if (missing.length === 0 || process.env.REQUIRE_SERVICES === '1') {
    it(
      'loses and doubles nothing on servers, which are killed too',
      async () => {
        const { code, output } = await run('--short', '--shape', 'servers');
        expect(code, output).toBe(0);
        expect(output).toMatch(/^\| all together \|/m);
      },
      testDeadlineMs,
    );
  } else test.skip(`services apart: no ${missing.join(', ')} on this machine`, () => {});

  it(
    'fails on a server that does not look up ids that may be known',
    async () => {
      const { code, output } = await run('--prove', '--shape', 'embedded', '--only', 'look up');
      expect(code, output).toBe(0);
      expect(output).toMatch(/doubled/);
    },
    testDeadlineMs,
  );
});
