import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { wait } from './server-process.ts';

const rules = fileURLToPath(new URL('../../deploy/prometheus/rules/*.yml', import.meta.url));

export interface PrometheusProcess {
  /** The `data` of the answer of its HTTP API. */
  api(path: string): Promise<unknown>;
  stop(): Promise<void>;
}

/** A real Prometheus with the rules of deploy/prometheus, which scrapes the addresses every second. */
export async function startPrometheus(
  directory: string,
  targets: readonly string[],
): Promise<PrometheusProcess> {
  const config = join(directory, 'prometheus.yml');
  const job = { job_name: 'streamflow', static_configs: [{ targets }] };
  await writeFile(
    config,
    // JSON is YAML.
    JSON.stringify({
      global: { scrape_interval: '1s', evaluation_interval: '1s' },
      rule_files: [rules],
      scrape_configs: [job],
    }),
  );
  const child = spawn(
    'prometheus',
    [
      `--config.file=${config}`,
      `--storage.tsdb.path=${join(directory, 'tsdb')}`,
      '--web.listen-address=127.0.0.1:0',
      '--log.format=json',
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  let output = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  const exited = once(child, 'close');
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM');
    await exited;
  };
  const deadline = Date.now() + 20_000;
  let address: string | undefined;
  while (address === undefined) {
    address = /"address":"(127\.0\.0\.1:[1-9][0-9]*)"/.exec(output)?.[1];
    if (child.exitCode !== null || Date.now() > deadline) {
      await stop();
      throw new Error(`Prometheus did not start; it printed:\n${output}`);
    }
    await wait(20);
  }
  return {
    async api(path) {
      const answer = await fetch(`http://${address}/api/v1/${path}`);
      const { data }: { data?: unknown } = await answer.json();
      return data;
    },
    stop,
  };
}
