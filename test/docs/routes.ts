import { defaultPorts, operationsRoutes, type RouteContract, serviceNames } from '@streamflow/contracts';
import { Compile } from 'typebox/compile';
import { apiCatalogue } from '../../packages/server/src/http/api-catalogue.ts';

const routesOf = new Map(
  serviceNames.map((service) => [
    String(defaultPorts[service]),
    [...apiCatalogue[service].routes, ...operationsRoutes] as readonly RouteContract[],
  ]),
);
const socketPaths = new Set(
  serviceNames.flatMap((service) => apiCatalogue[service].sockets.map(({ path }) => path)),
);

const fits = (route: RouteContract, method: string, path: string): boolean =>
  route.method === method &&
  new RegExp(`^${route.path.replaceAll(/:\w+/g, '[^/]+')}$`).test(path.split('?')[0] ?? '');

/** Whether any service has it, as `GET /events/{event_id}` or `WS /ws` are written in text. */
export const isKnownRoute = (method: string, path: string): boolean =>
  method === 'WS'
    ? socketPaths.has(path)
    : [...routesOf.values()].flat().some((route) => fits(route, method, path));

/** What is wrong with a `curl` command; null when a service would take it, credentials apart. */
export function curlFault(words: readonly string[]): string | null {
  const text = words.find((word) => /^https?:|^localhost/.test(word)) ?? '';
  const url = new URL(text);
  const option = (...names: string[]): string | undefined =>
    words[words.findIndex((word) => names.includes(word)) + 1 || words.length];
  const given = option('-d', '--data');
  const method = option('-X', '--request') ?? (given === undefined ? 'GET' : 'POST');
  const route = routesOf.get(url.port)?.find((one) => fits(one, method, url.pathname));
  if (route === undefined) return `${method} ${text}: no service has it`;
  const parameters = Object.keys(propertiesOf(route.query));
  for (const name of url.searchParams.keys())
    if (!parameters.includes(name) && !(route.openQuery !== undefined && name.startsWith('data.')))
      return `${method} ${text}: it has no parameter ${name}`;
  if (given === undefined) return route.body === undefined ? null : `${method} ${text}: it needs a body`;
  if (route.body === undefined) return `${method} ${text}: it takes no body`;
  const [error] = Compile(route.body).Errors(JSON.parse(given));
  return error === undefined ? null : `${method} ${text}: ${error.instancePath} ${error.message}`;
}

function propertiesOf(schema: object | undefined): object {
  if (schema === undefined || !('properties' in schema)) return {};
  return typeof schema.properties === 'object' && schema.properties !== null ? schema.properties : {};
}
