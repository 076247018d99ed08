// npm run bench [-- scenario…]: every scenario prints each figure beside its ceiling or limit of the same run.
import { writeReport } from './harness/report.mjs';

const scenarios = ['singles', 'batches', 'import', 'memory'];
const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !scenarios.includes(name));
if (unknown.length > 0) {
  console.error(`No such scenario: ${unknown.join(', ')}; there are ${scenarios.join(', ')}`);
  process.exit(2);
}
let pass = true;
for (const name of wanted.length > 0 ? wanted : scenarios) {
  console.log(`\n${name}`);
  const { run } = await import(`./scenarios/${name}.mjs`);
  await run();
  pass = writeReport(name) && pass;
}
process.exit(pass ? 0 : 1);
