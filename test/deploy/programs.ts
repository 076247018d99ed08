import { spawnSync } from 'node:child_process';
import { describe, test } from 'vitest';

/** Runs a program to its end; its output is what it printed on both streams. */
export function run(
  program: string,
  words: readonly string[],
  input = '',
): { readonly code: number | null; readonly output: string } {
  const { status, stdout, stderr, error } = spawnSync(program, [...words], { input, encoding: 'utf8' });
  if (error !== undefined) throw error;
  return { code: status, output: `${stdout}${stderr}` };
}

const has = (program: string): boolean => spawnSync(program, ['--version']).error === undefined;

/** Runs tests that need a program where it is, or where CI requires it; says otherwise what was skipped. */
export function describeWithProgram(program: string, debianPackage: string, tests: () => void): void {
  if (process.env.REQUIRE_SERVICES === '1' || has(program)) describe(`with ${program}`, tests);
  else
    describe(`with ${program}`, () => {
      test.skip(`needs ${program}, of Debian's package ${debianPackage}`, () => {});
    });
}
