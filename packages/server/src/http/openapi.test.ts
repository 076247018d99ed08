import { readFileSync } from 'node:fs';
import { ingestionRoutes, serviceNames, storageRoutes } from '@streamflow/contracts';
import { describe, expect, it } from 'vitest';
import { openApiDocument } from './openapi.ts';

const document = openApiDocument({
  service: 'storage',
  version: '1.2.3',
  contracts: [...ingestionRoutes, ...storageRoutes],
  sockets: [{ path: '/ws', summary: 'Events' }],
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

  it.each(serviceNames)('of %s is committed for tools to read', (service) => {
    const path = new URL(`../../../../docs/reference/openapi/${service}.json`, import.meta.url);
    expect(JSON.parse(readFileSync(path, 'utf8'))).toMatchObject({
      openapi: '3.1.0',
      paths: { '/health': {} },
    });
  });
});
