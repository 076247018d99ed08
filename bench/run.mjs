// npm run bench [-- scenario… --data DIR]: every scenario prints each figure beside its ceiling or limit of the same
// run. With --data, `queries` keeps its stored events in the directory and uses what is there. Scenarios on servers run
// when they are named.
import { parseArgs } from 'node:util';
import { writeReport } from './harness/report.mjs';

const scenarios = ['singles', 'batches', 'import', 'memory', 'queries', 'analytics', 'live', 'alerting'];
const onServers = ['rabbitmq'];
const { positionals: wanted, values: options } = parseArgs({
  allowPositionals: true,
  options: { data: { type: 'string' } },
});
const known = [...scenarios, ...onServers];
const unknown = wanted.filter((name) => !known.includes(name));
if (unknown.length > 0) {
  console.error(`No such scenario: ${unknown.join(', ')}; there are ${known.join(', ')}`);
  process.exit(2);
}
let pass = true;
for (const name of wanted.length > 0 ? wanted : scenarios) {
  console.log(`\n${name}`);
  const { run } = await import(`./scenarios/${name}.mjs`);
  await run(name === 'queries' ? options : {});
  pass = writeReport(name) && pass;
}
process.exit(pass ? 0 : 1);
