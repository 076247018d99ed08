import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import { readChart, renderChart } from './helm/render-chart.mjs';

const chart = join(fileURLToPath(new URL('..', import.meta.url)), 'deploy/helm/streamflow');
const heading = `# Generated from deploy/helm/streamflow by \`npm run generate\`. Needs a secret streamflow-secrets with the keys
# database-url, rabbitmq-url and jwt-secret-key; see docs/operations/production.md.
`;

/** The objects of the chart with its own values, without what only Helm runs. */
export function kubernetesManifests() {
  const objects = [...renderChart(readChart(chart)).values()]
    .flat()
    .filter(({ metadata }) => metadata.annotations?.['helm.sh/hook'] === undefined);
  const text = objects.map((object) => stringify(object, { lineWidth: 0 })).join('---\n');
  return [
    [
      'deploy/kubernetes/streamflow.yaml',
      heading + text.replaceAll('managed-by: Helm', 'managed-by: kubectl'),
    ],
  ];
}
