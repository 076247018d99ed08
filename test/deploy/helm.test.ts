import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { serviceNames } from '@streamflow/contracts';
import { describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { listSettings } from '../../packages/server/src/config/setting-list.ts';
import { readChart, renderChart } from '../../scripts/helm/render-chart.mjs';
import { type KubernetesObject, kubernetesFaults } from './kubernetes-schema.ts';
import { run } from './programs.ts';

const directory = fileURLToPath(new URL('../../deploy/helm/streamflow', import.meta.url));
const chart = readChart(directory);

const everything = {
  image: { repository: 'registry.example.com/streamflow', tag: '1.2.3' },
  imagePullSecrets: [{ name: 'registry' }],
  database: { url: 'postgresql://user:secret@postgres/streamflow' },
  rabbitmq: { url: 'amqp://user:secret@rabbitmq/' },
  redis: { url: 'redis://redis:6379/0' },
  clickhouse: { url: 'http://clickhouse:8123' },
  security: { jwtSecretKey: 'k'.repeat(40), adminPassword: 'a long enough password' },
  tracing: { endpoint: 'http://jaeger:4318/v1/traces' },
  ingestion: { autoscaling: { enabled: true } },
  storage: { autoscaling: { enabled: true } },
  analytics: { autoscaling: { enabled: true } },
  podAnnotations: { team: 'data' },
  nodeSelector: { disk: 'fast' },
  tolerations: [{ key: 'dedicated', operator: 'Exists', effect: 'NoSchedule' }],
  affinity: {
    nodeAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: {
        nodeSelectorTerms: [{ matchExpressions: [{ key: 'zone', operator: 'In', values: ['a'] }] }],
      },
    },
  },
  networkPolicy: { ingressFrom: [{ podSelector: { matchLabels: { app: 'proxy' } } }] },
  ingress: { enabled: true, className: 'nginx', tlsSecret: 'streamflow-tls' },
};
const documented = {
  ingestion: { replicas: 3 },
  database: { url: 'postgresql://user:secret@postgres/streamflow' },
  rabbitmq: { url: 'amqp://user:secret@rabbitmq/' },
};
const nothingOptional = {
  disruptionBudget: { enabled: false },
  networkPolicy: { enabled: false },
  migration: { enabled: false },
};
const sets = [{}, everything, documented, nothingOptional];

const isObject = (value: object): value is KubernetesObject =>
  'kind' in value && 'apiVersion' in value && 'metadata' in value;
function render(values: object = {}, name = 'streamflow', files: ReadonlyMap<string, string> = chart) {
  const objects = [...renderChart(files, { values, name }).values()].flat();
  expect(objects.every(isObject)).toBe(true);
  return objects.filter(isObject);
}
const named = (objects: readonly KubernetesObject[], kind: string): string[] =>
  objects
    .filter((object) => object.kind === kind)
    .map(({ metadata }) => metadata.name)
    .toSorted();
/** Every value under a key, however deep it stands. */
function valuesOf(value: unknown, key: string): unknown[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) =>
    name === key ? [inner, ...valuesOf(inner, key)] : valuesOf(inner, key),
  );
}

describe('the chart', () => {
  it('makes objects that Kubernetes knows, with its own values, every option, the documented ones and none', () => {
    const objects = sets.flatMap((values) => render(values));
    expect(objects.length).toBeGreaterThan(60);
    expect(kubernetesFaults(objects)).toEqual([]);
  });

  it('is checked by definitions that see a wrong value, a missing one and a field that is none', () => {
    const [deployment] = render().filter(({ kind }) => kind === 'Deployment');
    if (deployment === undefined) throw new Error('There is no Deployment');
    const broken = (change: (text: string) => string): KubernetesObject[] => {
      const object: unknown = JSON.parse(change(JSON.stringify(deployment)));
      return typeof object === 'object' && object !== null && isObject(object) ? [object] : [];
    };
    expect(kubernetesFaults(broken((text) => text.replace('"replicas":1', '"replicas":"1"')))).not.toEqual(
      [],
    );
    expect(kubernetesFaults(broken((text) => text.replace('"replicas":1', '"replica":1')))).not.toEqual([]);
    expect(kubernetesFaults(broken((text) => text.replace('"name":"alerting",', '')))).not.toEqual([]);
    expect(kubernetesFaults(broken((text) => text.replace('"periodSeconds"', '"period"')))).not.toEqual([]);
  });

  it('has a deployment, a service and a budget for each service, under the documented names', () => {
    const names = serviceNames.map((name) => `streamflow-${name}`).toSorted();
    const objects = render();
    for (const kind of ['Deployment', 'Service', 'PodDisruptionBudget'])
      expect(named(objects, kind)).toEqual(names);
    expect(named(render({}, 'analytics-prod'), 'Deployment')).toContain(
      'analytics-prod-streamflow-ingestion',
    );
  });

  it('takes the documented --set names', () => {
    const objects = render(documented);
    const ingestion = objects.find(
      ({ kind, metadata }) => kind === 'Deployment' && metadata.name.endsWith('ingestion'),
    );
    expect(ingestion).toMatchObject({ spec: { replicas: 3 } });
    expect(objects.find(({ kind }) => kind === 'Secret')).toMatchObject({
      metadata: { name: 'streamflow-secrets' },
      stringData: { 'database-url': documented.database.url, 'rabbitmq-url': documented.rabbitmq.url },
    });
  });

  it('refers only to what it makes, and to the secret', () => {
    const objects = render(everything);
    const text = JSON.stringify(objects);
    const secrets = new Set([...text.matchAll(/"secretKeyRef":\{"name":"([^"]+)"/g)].map(([, name]) => name));
    expect([...secrets]).toEqual(named(objects, 'Secret'));
    const maps = new Set([...text.matchAll(/"configMapRef":\{"name":"([^"]+)"/g)].map(([, name]) => name));
    expect([...maps]).toEqual(named(objects, 'ConfigMap'));
    const backends = [...text.matchAll(/"backend":\{"service":\{"name":"([^"]+)"/g)].map(([, name]) => name);
    expect(backends).toHaveLength(2);
    for (const name of backends) expect(named(objects, 'Service')).toContain(name);
    const targets = objects.flatMap((object) => valuesOf(object, 'scaleTargetRef'));
    expect(targets).toHaveLength(3);
    for (const target of targets) expect(named(objects, 'Deployment')).toContain(Object(target).name);
    expect(new Set(objects.flatMap((object) => valuesOf(object, 'serviceAccountName')))).toEqual(
      new Set(named(objects, 'ServiceAccount')),
    );
  });

  it('selects the pods that it makes', () => {
    const objects = render();
    const labelsOf = (name: string): unknown =>
      Object(objects.find((one) => one.kind === 'Deployment' && one.metadata.name === name)?.spec).template
        .metadata.labels;
    for (const { kind, metadata, spec } of objects) {
      const selector =
        kind === 'Service'
          ? Object(spec).selector
          : kind === 'PodDisruptionBudget'
            ? Object(spec).selector.matchLabels
            : null;
      if (selector !== null) expect(labelsOf(metadata.name)).toMatchObject(selector);
    }
  });

  it('leaves the number of replicas to an autoscaler', () => {
    const scaled = render(everything).filter(({ kind }) => kind === 'Deployment');
    const withReplicas = scaled
      .filter(({ spec }) => 'replicas' in Object(spec))
      .map(({ metadata }) => metadata.name);
    expect(withReplicas).toEqual(['streamflow-alerting', 'streamflow-dashboard']);
  });

  it('sets only settings that there are', () => {
    const known = new Set(listSettings().map(({ setting }) => setting.env));
    const objects = render(everything);
    const data = Object.keys(Object(objects.find(({ kind }) => kind === 'ConfigMap')).data);
    const env = objects
      .filter(({ kind }) => kind === 'Deployment' || kind === 'Job')
      .flatMap((object) => valuesOf(object, 'env'))
      .flatMap((list) => (Array.isArray(list) ? list : []))
      .map(({ name }) => name);
    expect(env.length).toBeGreaterThan(30);
    expect([...data, ...env].filter((name) => !known.has(name))).toEqual([]);
  });

  it('runs every container without root and on a read-only root', () => {
    for (const object of render(everything)) {
      for (const containers of valuesOf(object, 'containers'))
        for (const container of Array.isArray(containers) ? containers : [])
          expect(container.securityContext).toEqual({
            allowPrivilegeEscalation: false,
            readOnlyRootFilesystem: true,
            capabilities: { drop: ['ALL'] },
          });
    }
  });
});

describe('values', () => {
  it.each([
    ['a key that is none', { ingestoin: { replicas: 3 } }],
    ['a number as text', { ingestion: { replicas: '3' } }],
    ['an address of another server', { database: { url: 'mysql://x' } }],
    ['a short secret', { security: { jwtSecretKey: 'short' } }],
    ['a share beyond all', { tracing: { sampleRatio: 2 } }],
    ['a database without a broker', { database: { url: 'postgresql://x' } }],
  ])('are refused: %s', (_, values) => {
    expect(() => render(values)).toThrow(/values|rabbitmq\.url is needed/);
  });
});

describe('a broken template', () => {
  it.each([
    ['templates/services.yaml', '{{- end }}', ''],
    ['templates/services.yaml', 'include "streamflow.name"', 'include "streamflow.nam"'],
    ['templates/deployments.yaml', '$values.replicas', '$values.replica'],
    ['templates/deployments.yaml', '| nindent 8', '| nindnt 8'],
    ['templates/deployments.yaml', 'nindent 12', 'nindent 3'],
    ['templates/configmap.yaml', '.Values.security.adminEmail', '.Values.security.mail.admin'],
    ['templates/ingress.yaml', '.Values.ingress.ingestionHost', '.Values.ingress.host'],
    ['templates/_helpers.tpl', '{{- define "streamflow.image" -}}', '{{- define "streamflow.labels" -}}'],
    ['templates/NOTES.txt', '.Chart.AppVersion', '.Chart.Appversion'],
    ['Chart.yaml', 'name: streamflow', 'name: [streamflow'],
    ['values.yaml', 'pullPolicy: IfNotPresent', 'pullPolicy: Sometimes'],
  ])('fails: %s with %j as %j', (path, from, to) => {
    const text = chart.get(path);
    expect(text).toContain(from);
    const files = new Map(chart).set(path, text?.replace(from, to) ?? '');
    let faults: string[] = [];
    try {
      faults = kubernetesFaults(render(everything, 'streamflow', files));
    } catch {
      return;
    }
    // What renders all the same is refused by the definitions of Kubernetes.
    expect(faults).not.toEqual([]);
  });
});

if (spawnSync('helm', ['version']).error === undefined)
  describe('helm', () => {
    it('finds nothing wrong with the chart, and renders the objects that we do', () => {
      expect(run('helm', ['lint', '--strict', directory]).code).toBe(0);
      const { code, output } = run('helm', ['template', 'streamflow', directory]);
      expect(code).toBe(0);
      const byHelm = parseAllDocuments(output).flatMap((document) => document.toJS() ?? []);
      const key = ({ kind, metadata }: KubernetesObject): string => `${kind} ${metadata.name}`;
      const sorted = (objects: readonly KubernetesObject[]) =>
        objects.toSorted((a, b) => key(a).localeCompare(key(b)));
      // The sum of the configuration depends on how each writes YAML.
      const without = (objects: readonly KubernetesObject[]): unknown =>
        JSON.parse(
          JSON.stringify(sorted(objects)).replaceAll(
            /"checksum\/config":"[0-9a-f]+"/g,
            '"checksum/config":""',
          ),
        );
      expect(without(byHelm.filter(isObject))).toEqual(without(render()));
    });
  });
