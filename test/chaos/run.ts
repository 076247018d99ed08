import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { complaintsIn } from './complaints.ts';
import type { FaultRow } from './fault-run.ts';
import { faults } from './faults/all.ts';
import type { Consequence, Fault } from './faults/fault.ts';
import type { RunOptions } from './options.ts';
import { problemsOf, tableOf, writeResults } from './report.ts';
import { CannotRunError, runShape, type ShapeReport } from './run-shape.ts';
import { missingServers, type ShapeName, shapes } from './shapes.ts';

const mustSee: readonly Consequence[] = ['redelivered', 'reconnected', 'suppressed'];

/** The faults of a shape that were asked for. */
export const faultsOf = (
  shape: ShapeName,
  { only, short }: Pick<RunOptions, 'only' | 'short'>,
): readonly Fault[] =>
  faults.filter(
    (fault) =>
      fault.shapes.includes(shape) &&
      (!short || fault.short?.includes(shape) === true) &&
      (only.length === 0 || only.some((text) => fault.name.includes(text))),
  );

/** Why a shape cannot be run here; null when it can. */
export function whyNot(shape: ShapeName): string | null {
  const missing = missingServers(shapes[shape]);
  return missing.length === 0 ? null : `no ${missing.join(', ')} on this machine`;
}

/** Runs the shapes one after the other, and prints what came of it; true when everything held. */
export async function runAll(
  options: RunOptions,
  program: string,
  args: readonly string[],
): Promise<boolean> {
  let held = true;
  for (const name of options.shapes) {
    const chosen = faultsOf(name, options);
    if (chosen.length === 0) continue;
    const reason = whyNot(name);
    if (reason !== null) {
      console.log(`\n${name}: not run, ${reason}`);
      held &&= process.env.REQUIRE_SERVICES !== '1';
      continue;
    }
    const report = await runOne(name, chosen, options, program);
    if (report === null) continue;
    const problems = problemsOf(report);
    console.log(`\n${name}: ${shapes[name].description}\n\n${tableOf(report)}`);
    if (problems.length > 0) console.log(`\nWhat did not hold:\n${problems.map((p) => `  ${p}`).join('\n')}`);
    if (options.results !== null) writeResults(options.results, report, args);
    held &&= problems.length === 0;
  }
  return held;
}

/** Null when this machine cannot; the directory stays when something did not hold. */
export async function runOne(
  name: ShapeName,
  chosen: readonly Fault[],
  options: Pick<RunOptions, 'seconds' | 'kills' | 'events' | 'seed' | 'only' | 'patienceMs'>,
  program: string,
  {
    keep = true,
    isEnough = () => false,
  }: { readonly keep?: boolean; readonly isEnough?: (row: FaultRow) => boolean } = {},
): Promise<ShapeReport | null> {
  const directory = await mkdtemp(join(tmpdir(), `streamflow-chaos-${name}-`));
  let clean = false;
  try {
    const report = await runShape({
      ...options,
      shape: shapes[name],
      faults: chosen,
      program,
      directory,
      // A run of some faults has to see what these bring; one of all, everything.
      mustSee: options.only.length > 0 || name === 'small-disk' ? [] : mustSee,
      isEnough,
      onRow: (row) => console.log(progressOf(row)),
    });
    clean = !keep || problemsOf(report).length === 0;
    return report;
  } catch (error) {
    if (!(error instanceof CannotRunError)) throw error;
    console.log(`\n${name}: not run, ${error.message}`);
    clean = true;
    return null;
  } finally {
    if (clean) await rm(directory, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
    else console.log(`What is left of it is in ${directory}\n${complaintsIn(directory)}`);
  }
}

function progressOf({ fault, comparison, recoverySeconds, problems }: FaultRow): string {
  const { sent, acknowledged, lost, doubled } = comparison;
  const verdict = problems.length === 0 ? '' : ` — ${problems.join('; ')}`;
  return `  ${fault}: ${sent} sent, ${acknowledged} acknowledged, ${lost} lost, ${doubled} doubled, back in ${recoverySeconds?.toFixed(1) ?? '–'} s${verdict}`;
}
