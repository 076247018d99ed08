import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { proveChecker } from './mutants.ts';
import { readOptions, UsageError, usage } from './options.ts';
import { killAllAtExit } from './owned-process.ts';
import { runAll } from './run.ts';

/* npm run chaos: see options.ts. Ends with 0 when everything held, with 1 when something did not. */

const program = fileURLToPath(new URL('../../../packages/server/bin/streamflow.mjs', import.meta.url));

killAllAtExit();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(1));

try {
  const args = process.argv.slice(2);
  const options = readOptions(args);
  // A clone builds what is stale when the program is first run: once, and not in each of many processes.
  await promisify(execFile)(process.execPath, [program, '--version']);
  const held = await (options.prove ? proveChecker(options) : runAll(options, program, args));
  process.exit(held ? 0 : 1);
} catch (error) {
  console.error(error instanceof UsageError ? `${error.message}\n\n${usage}` : error);
  process.exit(2);
}
