import { readFileSync, writeFileSync } from 'node:fs';
import { cp, mkdir, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { faults } from './faults/all.ts';
import { type Mutant, mutate } from './mutant.ts';
import { mutants } from './mutant-list.ts';
import type { RunOptions } from './options.ts';
import { problemsOf } from './report.ts';
import { runOne, whyNot } from './run.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));

/** A copy of the built server with the defect; what it imports from elsewhere is that of this clone. */
async function buildMutant(mutant: Mutant, directory: string): Promise<string> {
  const server = join(directory, 'packages/server');
  await mkdir(server, { recursive: true });
  for (const part of ['bin', 'dist', 'package.json']) {
    await cp(join(root, 'packages/server', part), join(server, part), { recursive: true });
  }
  await symlink(join(root, 'node_modules'), join(directory, 'node_modules'));
  const path = join(server, 'dist', mutant.file);
  writeFileSync(path, mutate(mutant, readFileSync(path, 'utf8')));
  return join(server, 'bin/streamflow.mjs');
}

/** Runs the faults on a build with each defect; true when every one was found. */
export async function proveChecker(options: RunOptions): Promise<boolean> {
  let proven = true;
  for (const mutant of mutants) {
    if (!options.shapes.includes(mutant.shape)) continue;
    if (options.only.length > 0 && !options.only.some((text) => mutant.name.includes(text))) continue;
    const reason = whyNot(mutant.shape);
    if (reason !== null) {
      console.log(`mutant "${mutant.name}": not run, ${reason}`);
      proven &&= process.env.REQUIRE_SERVICES !== '1';
      continue;
    }
    console.log(`mutant "${mutant.name}" (${mutant.shape})`);
    const found = await isFound(mutant, options);
    console.log(found ? '  found' : '  NOT FOUND: the run did not see the defect');
    proven &&= found;
  }
  return proven;
}

async function isFound(mutant: Mutant, options: RunOptions): Promise<boolean> {
  const directory = await mkdtemp(join(tmpdir(), 'streamflow-mutant-'));
  try {
    const program = await buildMutant(mutant, directory);
    const chosen = mutant.faults.map((name) => {
      const fault = faults.find((other) => other.name === name);
      if (fault === undefined) throw new Error(`${mutant.name}: there is no fault ${name}`);
      return fault;
    });
    const report = await runOne(
      mutant.shape,
      chosen,
      {
        seed: options.seed,
        events: 0,
        only: mutant.faults,
        kills: mutant.kills ?? 3,
        seconds: mutant.seconds ?? 3,
        patienceMs: options.patienceMs,
      },
      program,
      { keep: false, isEnough: ({ problems }) => problems.some((problem) => mutant.shows.test(problem)) },
    );
    return report !== null && problemsOf(report).some((problem) => mutant.shows.test(problem));
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
