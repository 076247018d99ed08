import { readFileSync } from 'node:fs';
import { ingestionRoutes, ingestionSocket, serviceNames, storageRoutes } from '@streamflow/contracts';
import { describe, expect, it } from 'vitest';
import { openApiDocument } from './openapi.ts';

const document = openApiDocument({
  service: 'storage',
  version: '1.2.3',
  contracts: [...ingestionRoutes, ...storageRoutes],
  sockets: [{ path: '/ws', summary: 'Events', contract: ingestionSocket }],
});
const text = JSON.stringify(document);

describe('openApiDocument', () => {
  it('refers to nothing that it does not hold', () => {
    const { components } = JSON.parse(text);
    const references = [...text.matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g)].map(
      ([, name]) => name,
    );
    expect(references).toContain('EventInput');
    for (const name of references) expect(components.schemas).toHaveProperty(String(name));
  });

  it('gives every operation its own id, and security unless it is public', () => {
    const operations = Object.values(JSON.parse(text).paths).flatMap((item) => Object.values(Object(item)));
    const ids = operations.map((operation) => Object(operation).operationId);
    expect(new Set(ids).size).toBe(ids.length);
    expect(JSON.parse(text).paths['/events'].post.security).toEqual([{ bearer: [] }, { apiKey: [] }]);
    expect(JSON.parse(text).paths['/health'].get.security).toEqual([]);
  });

  it('writes paths, parameters, bodies and errors as OpenAPI does', () => {
    const { paths } = JSON.parse(text);
    expect(paths['/events/{event_id}'].get.parameters).toEqual([
      {
        name: 'event_id',
        in: 'path',
        required: true,
        description: 'Id of the event.',
        schema: { type: 'string', format: 'uuid' },
      },
    ]);
    const { parameters, responses } = paths['/events'].get;
    const type = parameters.find((parameter: { name: string }) => parameter.name === 'type');
    expect(type).toMatchObject({ in: 'query', required: false, style: 'form', explode: true });
    expect(Object.keys(responses)).toEqual(['200', '400', '401', '403', '422', '429', '500', '503']);
    expect(Object.keys(paths['/events/batch'].post.requestBody.content)).toEqual([
      'application/json',
      'text/plain',
    ]);
  });

  it('writes sockets as a handshake that answers 101, with every frame among the schemas', () => {
    const { paths, components } = JSON.parse(text);
    const { responses, 'x-websocket': frames } = paths['/ws'].get;
    expect(Object.keys(responses)).toEqual(['101', '400', '401', '403', '429', '503']);
    expect(frames).toEqual({
      client: { $ref: '#/components/schemas/IngestionClientFrame' },
      server: { $ref: '#/components/schemas/IngestionServerFrame' },
    });
    const alternatives = ['IngestionClientFrame', 'IngestionServerFrame'].flatMap((name) =>
      components.schemas[name].anyOf.map(({ $ref }: { $ref: string }) => $ref.split('/').at(-1)),
    );
    const types = alternatives.map((name) => components.schemas[name].properties.type.const);
    expect(types).toEqual(['auth', 'event', 'batch', 'ping', 'ready', 'ack', 'error', 'pong']);
  });

  it('writes filters of any name as an object that stands exploded in the query', () => {
    const { paths } = JSON.parse(text);
    for (const path of ['/events', '/events/aggregations', '/events/export']) {
      const open = paths[path].get.parameters.find(({ name }: { name: string }) => name === 'data.<path>');
      expect(open).toMatchObject({
        in: 'query',
        style: 'form',
        explode: true,
        schema: { type: 'object', patternProperties: { '^data\\..+$': { type: 'string' } } },
      });
    }
  });

  it.each(serviceNames)('of %s is committed for tools to read', (service) => {
    const path = new URL(`../../../../docs/reference/openapi/${service}.json`, import.meta.url);
    expect(JSON.parse(readFileSync(path, 'utf8'))).toMatchObject({
      openapi: '3.1.0',
      paths: { '/health': {} },
    });
  });
});
