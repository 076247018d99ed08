import { grafanaDashboards } from './grafana-dashboards.mjs';
import { kubernetesManifests } from './kubernetes-manifests.mjs';
import { referencePages } from './reference-pages.mjs';

/** Directories in which every file is generated. */
export const generatedDirectories = ['docs/reference', 'deploy/grafana/dashboards', 'deploy/kubernetes'];

/** Every generated file by its path from the root of the repository. */
export const generatedFiles = () =>
  new Map([...referencePages(), ...Object.entries(grafanaDashboards()), ...kubernetesManifests()]);
