// Runs the tests, says plainly what was skipped, and closes with `N passed, N failed, N skipped`. In CI a skipped test
// that test/allowed-skips.json does not name is a failure: a test that silently stops running protects nothing.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const scratch = mkdtempSync(join(tmpdir(), 'streamflow-test-'));
const reportFile = join(scratch, 'report.json');

function readReport() {
  try {
    return JSON.parse(readFileSync(reportFile, 'utf8'));
  } catch (error) {
    console.error(`The test runner left no report: ${error.message}`);
    return undefined;
  }
}

const run = spawnSync(
  process.execPath,
  [
    join(root, 'node_modules/vitest/vitest.mjs'),
    'run',
    '--reporter=default',
    '--reporter=json',
    `--outputFile=${reportFile}`,
    ...process.argv.slice(2),
  ],
  { cwd: root, stdio: 'inherit' },
);
const report = readReport();
rmSync(scratch, { recursive: true, force: true });
if (report === undefined) process.exit(1);

const allowed = new Set(JSON.parse(readFileSync(join(root, 'test/allowed-skips.json'), 'utf8')));
const count = { passed: 0, failed: 0, skipped: 0 };
const skipped = [];
for (const file of report.testResults) {
  if (file.status === 'failed' && file.assertionResults.length === 0) count.failed += 1;
  for (const test of file.assertionResults) {
    if (test.status === 'passed') count.passed += 1;
    else if (test.status === 'failed') count.failed += 1;
    else {
      count.skipped += 1;
      skipped.push(`${relative(root, file.name)}: ${test.fullName}`);
    }
  }
}

if (skipped.length > 0) console.log(`\nSkipped here:\n${skipped.map((name) => `  ${name}`).join('\n')}`);
const unexpected = process.env.CI === 'true' ? skipped.filter((name) => !allowed.has(name)) : [];
if (unexpected.length > 0) {
  console.error(
    `\nSkipped in CI without being listed in test/allowed-skips.json:\n  ${unexpected.join('\n  ')}`,
  );
}
console.log(`\n${count.passed} passed, ${count.failed} failed, ${count.skipped} skipped`);
process.exit(run.status === 0 && unexpected.length === 0 && count.passed > 0 ? 0 : 1);
