import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const file = fileURLToPath(new URL('./load-process.mjs', import.meta.url));

/**
 * Runs the load generator and resolves with what it saw. Options: host, port, path, connections, seconds,
 * warmupSeconds, batch (events a request), authorization, rate (requests a second; as fast as answered without), seed.
 */
export async function runLoad(options) {
  const child = spawn(process.execPath, [file, JSON.stringify(options)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.on('data', (chunk) => {
    output += chunk;
  });
  const [code] = await once(child, 'exit');
  if (code !== 0) throw new Error(`The load generator ended with ${code}`);
  return JSON.parse(output);
}
