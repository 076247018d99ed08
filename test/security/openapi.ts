import { type ServiceName, serviceNames } from '@streamflow/contracts';
import type { ServerProcess } from '../acceptance/server-process.ts';

/* What a client can know: the OpenAPI documents, as the running server gives them out. */

export interface Schema {
  readonly $ref?: string;
  readonly type?: string;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly anyOf?: readonly Schema[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly format?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
}

export interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly required: boolean;
  readonly schema: Schema;
}

interface OperationObject {
  readonly operationId: string;
  readonly tags: readonly string[];
  readonly 'x-permission'?: string;
  readonly 'x-websocket'?: unknown;
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: Schema }>> };
  readonly responses: Readonly<
    Record<string, { readonly content?: Readonly<Record<string, { readonly schema?: Schema }>> }>
  >;
}

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, OperationObject>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}

export interface Operation {
  readonly service: ServiceName;
  readonly method: string;
  /** `/users/{user_id}` */
  readonly path: string;
  readonly id: string;
  /** Those of the path, in capitals. */
  readonly methods: readonly string[];
  /** `public`, `any` or a permission. */
  readonly permission: string;
  readonly isOperational: boolean;
  readonly isSocket: boolean;
  readonly parameters: readonly Parameter[];
  /** Whether it is a page, whose address may say anything. */
  readonly isPage: boolean;
  readonly body: Schema | null;
  readonly schemas: Readonly<Record<string, Schema>>;
}

export const nowhere = '00000000-0000-4000-8000-000000000000';

/** The path with an id of nothing in each of its parameters. */
export const pathOf = ({ path }: Operation, value: string = nowhere): string =>
  path.replaceAll(/\{[^}]+\}/g, value);

/** The methods that a path has, also where another with a parameter fits it: `/rules/preview` is one of `/rules/{id}`. */
function methodsOf({ paths }: Document, path: string): string[] {
  return Object.entries(paths)
    .filter(([other]) => new RegExp(`^${other.replaceAll(/\{[^}]+\}/g, '[^/]+')}$`).test(path))
    .flatMap(([, methods]) => Object.keys(methods).map((name) => name.toUpperCase()));
}

export async function readOperations(server: ServerProcess): Promise<readonly Operation[]> {
  const operations: Operation[] = [];
  for (const service of serviceNames) {
    const answer = await fetch(server.url(service, '/openapi.json'));
    const document: Document = await answer.json();
    for (const [path, methods] of Object.entries(document.paths))
      for (const [method, operation] of Object.entries(methods))
        operations.push({
          service,
          method: method.toUpperCase(),
          path,
          id: operation.operationId,
          methods: methodsOf(document, path),
          permission: operation['x-permission'] ?? 'public',
          isOperational: operation.tags.includes('Operations'),
          isSocket: operation['x-websocket'] !== undefined,
          parameters: operation.parameters ?? [],
          isPage: operation.responses['200']?.content?.['text/html'] !== undefined,
          body: operation.requestBody?.content['application/json']?.schema ?? null,
          schemas: document.components.schemas,
        });
  }
  return operations;
}
