import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const file = fileURLToPath(new URL('./raw-rabbitmq-process.mjs', import.meta.url));

/** Publishes for so many seconds in a process of its own. Options: url, prefix, batch, seconds, window. */
export async function publishRaw(options) {
  const child = spawn(process.execPath, [file, JSON.stringify(options)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.on('data', (chunk) => {
    output += chunk;
  });
  const [code] = await once(child, 'exit');
  if (code !== 0) throw new Error(`Raw publishing ended with ${code}`);
  return JSON.parse(output).eventsPerSecond;
}
