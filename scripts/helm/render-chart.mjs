import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Compile } from 'typebox/compile';
import { parse, parseAllDocuments } from 'yaml';
import { executeTemplate } from './execute-template.mjs';
import { chartFunctions } from './functions.mjs';
import { parseTemplate, TemplateError } from './parse-template.mjs';

/** The files of a chart, by their path in it. */
export function readChart(directory) {
  const files = new Map();
  for (const entry of readdirSync(directory, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    files.set(path.slice(directory.length).replace(/^\//, ''), readFileSync(path, 'utf8'));
  }
  return files;
}

/** Values over others, as Helm lays them: maps are merged, everything else is replaced. */
function over(below, above) {
  if (!isMap(below) || !isMap(above)) return above;
  const merged = { ...below };
  for (const [key, value] of Object.entries(above))
    merged[key] = key in below ? over(below[key], value) : value;
  return merged;
}
const isMap = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);

const fileOf = (files, name) => {
  const text = files.get(name);
  if (text === undefined) throw new TemplateError(`the chart has no ${name}`);
  return text;
};

/**
 * Renders a chart as `helm template` does, for a release of that name; the answer is its objects by the template that
 * they come from. Throws when a template is broken, the values do not fit their schema or what comes out is no YAML.
 */
export function renderChart(files, { values = {}, name = 'streamflow', namespace = 'default' } = {}) {
  const chart = parse(fileOf(files, 'Chart.yaml'));
  const merged = over(parse(fileOf(files, 'values.yaml')), values);
  const [fault] = Compile(JSON.parse(fileOf(files, 'values.schema.json'))).Errors(merged);
  if (fault !== undefined) throw new TemplateError(`values${fault.instancePath}: ${fault.message}`);

  const functionNames = new Set(Object.keys(chartFunctions));
  const defined = new Map();
  const parsed = new Map();
  for (const [path, text] of files) {
    if (!path.startsWith('templates/')) continue;
    const template = within(path, () => parseTemplate(text, functionNames));
    for (const [key, body] of template.defined) {
      if (defined.has(key)) throw new TemplateError(`${path}: ${key} is defined twice`);
      defined.set(key, body);
    }
    if (!path.endsWith('.tpl')) parsed.set(path, template.nodes);
  }
  const context = {
    Values: merged,
    Chart: { Name: chart.name, Version: chart.version, AppVersion: chart.appVersion },
    Release: { Name: name, Namespace: namespace, Service: 'Helm', IsInstall: true, IsUpgrade: false },
  };
  const rendered = new Map();
  for (const [path, nodes] of parsed) {
    const text = within(path, () => executeTemplate(nodes, context, { defined, functions: chartFunctions }));
    if (path.endsWith('.yaml'))
      rendered.set(
        path,
        within(path, () => objectsOf(text)),
      );
  }
  return rendered;
}

function objectsOf(text) {
  return parseAllDocuments(text).flatMap((document) => {
    const [error] = document.errors;
    if (error !== undefined) throw new TemplateError(error.message);
    const object = document.toJS();
    return object === null ? [] : [object];
  });
}

function within(path, work) {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    throw new TemplateError(`${path}: ${error.message}`, { cause: error });
  }
}
