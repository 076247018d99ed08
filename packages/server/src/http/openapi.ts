import {
  defaultPorts,
  type ErrorCode,
  ErrorResponse,
  errorCatalogue,
  operationsRoutes,
  type RouteContract,
  type ServiceName,
  type SocketContract,
} from '@streamflow/contracts';
import type { TSchema } from 'typebox';
import type { MountedSocket } from './service.ts';

type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };
type JsonObject = { [key: string]: Json };

export interface OpenApiDocument {
  readonly [key: string]: Json;
}

export interface OpenApiOptions {
  readonly service: ServiceName;
  readonly version: string;
  readonly contracts: readonly RouteContract[];
  readonly sockets: readonly Pick<MountedSocket, 'path' | 'summary' | 'contract'>[];
}

export const apiTitles: Readonly<Record<ServiceName, string>> = {
  ingestion: 'StreamFlow Ingestion',
  analytics: 'StreamFlow Analytics',
  alerting: 'StreamFlow Alerting',
  dashboard: 'StreamFlow Dashboard',
  storage: 'StreamFlow Storage',
};

/** The OpenAPI 3.1 document of a service, made from the contracts of its routes. */
export function openApiDocument(options: OpenApiOptions): OpenApiDocument {
  const components = new Map<string, Json>();
  const paths: { [path: string]: JsonObject } = {};
  const tags = new Set<string>();
  for (const contract of [...options.contracts, ...operationsRoutes]) {
    const path = contract.path.replaceAll(/:([A-Za-z0-9_]+)/g, '{$1}');
    paths[path] = { ...paths[path], [contract.method.toLowerCase()]: operation(contract, components) };
    tags.add(contract.tag);
  }
  for (const { contract } of options.sockets) {
    if (contract === undefined) continue;
    paths[contract.path] = { ...paths[contract.path], get: socketOperation(contract, components) };
    tags.add(contract.tag);
  }
  const sockets = options.sockets.map(({ path, summary }) => ({ path, summary }));
  return {
    openapi: '3.1.0',
    info: {
      title: apiTitles[options.service],
      version: options.version,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      ...(sockets.length > 0
        ? {
            description: sockets
              .map((socket) => `WebSocket \`${socket.path}\`: ${socket.summary}`)
              .join('\n\n'),
          }
        : {}),
    },
    servers: [
      { url: '/', description: 'This server' },
      { url: `http://localhost:${defaultPorts[options.service]}`, description: 'The default port' },
    ],
    tags: [...tags].sort().map((name) => ({ name })),
    paths: inOrder(Object.entries(paths)),
    ...(sockets.length > 0 ? { 'x-websockets': sockets } : {}),
    components: {
      securitySchemes: {
        bearer: {
          type: 'http',
          scheme: 'bearer',
          description: 'A JWT of `POST /auth/login`, or an API key.',
        },
        apiKey: { type: 'apiKey', in: 'header', name: 'X-API-Key' },
      },
      schemas: inOrder([...components]),
    },
  };
}

/** By name, so that the document does not depend on the order of mounting. */
function inOrder(entries: readonly (readonly [string, Json])[]): JsonObject {
  return Object.fromEntries(entries.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

function operation(contract: RouteContract, components: Map<string, Json>): Json {
  const parameters = [
    ...parametersOf('path', contract.params, components),
    ...parametersOf('query', contract.query, components),
    ...openParameters(contract.openQuery, components),
    ...parametersOf('header', contract.headers, components),
  ];
  const responses: JsonObject = {};
  for (const [status, response] of Object.entries(contract.responses)) {
    const type = response.contentType ?? 'application/json';
    responses[status] = {
      description: response.description,
      content: {
        [type]: response.schema === undefined ? {} : { schema: schemaOf(response.schema, components) },
      },
    };
  }
  for (const code of errorsOf(contract))
    responses[String(errorCatalogue[code].status)] = errorResponse(code, components);
  const body = contract.body === undefined ? null : schemaOf(contract.body, components);
  return {
    operationId: contract.operationId,
    summary: contract.summary,
    ...(contract.description === undefined ? {} : { description: contract.description }),
    tags: [contract.tag],
    ...(contract.permission === 'public'
      ? { security: [] }
      : { security: [{ bearer: [] }, { apiKey: [] }], 'x-permission': contract.permission }),
    ...(parameters.length > 0 ? { parameters } : {}),
    ...(body === null
      ? {}
      : {
          requestBody: {
            required: true,
            content: Object.fromEntries(
              (contract.consumes ?? ['application/json']).map((type) => [type, { schema: body }]),
            ),
          },
        }),
    responses,
  };
}

/**
 * OpenAPI knows no WebSockets: the handshake is an ordinary operation that answers 101, and what is said afterwards is
 * in `x-websocket`, by references to schemas like those of bodies.
 */
function socketOperation(contract: SocketContract, components: Map<string, Json>): JsonObject {
  const refusals = [
    'BadRequest',
    'AuthenticationRequired',
    'PermissionDenied',
    'RateLimitExceeded',
    'ServiceUnavailable',
  ] as const;
  const parameters = [
    ...parametersOf('query', contract.query, components),
    ...openParameters(contract.openQuery, components),
  ];
  return {
    operationId: contract.operationId,
    summary: contract.summary,
    description: `The handshake of a WebSocket (RFC 6455); frames are JSON text. ${contract.description}`,
    tags: [contract.tag],
    security: [{ bearer: [] }, { apiKey: [] }, {}],
    'x-permission': contract.permission,
    ...(parameters.length > 0 ? { parameters } : {}),
    responses: {
      101: {
        description: 'The connection is a WebSocket now; `x-websocket` has the frames of either side.',
        headers: { Upgrade: { schema: { type: 'string', const: 'websocket' } } },
      },
      ...Object.fromEntries(
        refusals.map((code) => [String(errorCatalogue[code].status), errorResponse(code, components)]),
      ),
    },
    'x-websocket': {
      client: schemaOf(contract.clientFrame, components),
      server: schemaOf(contract.serverFrame, components),
    },
  };
}

const errorResponse = (code: ErrorCode, components: Map<string, Json>): Json => ({
  description: `${code}: ${errorCatalogue[code].description}`,
  content: { 'application/json': { schema: schemaOf(ErrorResponse, components) } },
});

/** The errors that a route can answer, as far as its contract tells. */
function errorsOf(contract: RouteContract): ErrorCode[] {
  if (contract.tag === 'Operations') return [];
  const codes: ErrorCode[] = ['BadRequest'];
  if (contract.permission !== 'public' || contract.operationId === 'login')
    codes.push('AuthenticationRequired');
  if (contract.permission !== 'public' && contract.permission !== 'any') codes.push('PermissionDenied');
  if (contract.path.includes(':')) codes.push('NotFound');
  if (contract.body !== undefined) codes.push('PayloadTooLarge', 'UnsupportedMediaType');
  return [...codes, 'ValidationError', 'RateLimitExceeded', 'InternalError', 'ServiceUnavailable'];
}

/** An object of the form style, exploded, stands in the query as one parameter a property, under the property's name. */
function openParameters(schema: TSchema | undefined, components: Map<string, Json>): Json[] {
  if (schema === undefined) return [];
  const json = schemaOf(schema, components);
  const { title, description, ...rest } = isObject(json) ? json : {};
  return [
    {
      name: title ?? '*',
      in: 'query',
      required: false,
      ...(description === undefined ? {} : { description }),
      style: 'form',
      explode: true,
      schema: rest,
    },
  ];
}

function parametersOf(
  place: 'path' | 'query' | 'header',
  schema: TSchema | undefined,
  components: Map<string, Json>,
): Json[] {
  if (schema === undefined || !('properties' in schema)) return [];
  const required = 'required' in schema && Array.isArray(schema.required) ? schema.required : [];
  const properties = schema.properties;
  if (typeof properties !== 'object' || properties === null) return [];
  return Object.entries(properties).map(([name, property]) => {
    const json = schemaOf(property, components);
    const { description, ...rest } = isObject(json) ? json : {};
    return {
      name,
      in: place,
      required: place === 'path' || required.includes(name),
      ...(description === undefined ? {} : { description }),
      schema: rest,
      ...(place === 'query' && rest.type === 'array' ? { style: 'form', explode: true } : {}),
    };
  });
}

/** The JSON of a schema, in which every part that has an `$id` is a reference to the components. */
function schemaOf(schema: unknown, components: Map<string, Json>): Json {
  if (Array.isArray(schema)) return schema.map((part) => schemaOf(part, components));
  if (typeof schema !== 'object' || schema === null) return scalar(schema);
  const { $id, ...rest } = Object.fromEntries(Object.entries(schema));
  const json: JsonObject = {};
  for (const [key, value] of Object.entries(rest)) {
    // A record of any keys is said in the way that readers and tools expect.
    if (key === 'patternProperties' && isObject(value) && Object.keys(value).join() === '^.*$')
      json.additionalProperties = schemaOf(value['^.*$'], components);
    else json[key] = schemaOf(value, components);
  }
  if (typeof $id !== 'string') return json;
  components.set($id, json);
  return { $ref: `#/components/schemas/${$id}` };
}

const isObject = (value: unknown): value is Record<string, Json> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function scalar(value: unknown): Json {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? value : null;
}
