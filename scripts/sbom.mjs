// Prints the bill of materials of what a user gets, CycloneDX as JSON. `npm sbom --omit dev` leaves out what is a
// dependency of the server and a tool of the workspace at once (ws, pg), so the lock file decides what is a tool.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const { packages } = JSON.parse(readFileSync(`${root}package-lock.json`, 'utf8'));
const shipped = new Set(
  Object.entries(packages)
    .filter(([path, { dev, devOptional }]) => path.includes('node_modules/') && !dev && !devOptional)
    .map(([path, { name, version }]) => {
      const own = name ?? path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
      return `${own}@${version ?? packages[packages[path].resolved]?.version}`;
    }),
);

const output = execFileSync('npm', ['sbom', '--sbom-format', 'cyclonedx'], {
  cwd: root,
  encoding: 'utf8',
  maxBuffer: 256 * 1024 * 1024,
});
const bill = JSON.parse(output);
const isShipped = (reference) => shipped.has(reference) || reference === bill.metadata.component['bom-ref'];
bill.components = bill.components.filter((component) => isShipped(component['bom-ref']));
bill.dependencies = bill.dependencies
  .filter(({ ref }) => isShipped(ref))
  .map(({ ref, dependsOn = [] }) => ({ ref, dependsOn: dependsOn.filter(isShipped) }));
console.log(JSON.stringify(bill, null, 2));
