import Type from 'typebox';
import { defineRoute, Page } from './route.ts';
import { RecordListQuery } from './users.ts';

export const AuditEntry = Type.Object(
  {
    id: Type.String({ format: 'uuid' }),
    timestamp: Type.String({ format: 'date-time', description: 'When it was begun.' }),
    actor: Type.Object({
      kind: Type.Enum(['user', 'key', 'local', 'anonymous']),
      id: Type.String({
        description:
          'Id of the user or API key; `local` for the command line; empty for a refused sign-in to an account that does not exist.',
      }),
      name: Type.String({ description: 'What it was called then.' }),
    }),
    action: Type.String({ description: 'The `operationId` of the route.', examples: ['updateUser'] }),
    target: Type.Union([Type.String(), Type.Null()], { description: 'Id of what was changed.' }),
    fields: Type.Array(Type.String(), {
      description: 'Fields of the request; their values are not kept, since some are secret.',
    }),
    status: Type.Union([Type.Integer(), Type.Null()], {
      description: 'HTTP status of the answer; null when the server died over it, and it may have been done.',
    }),
    address: Type.String({ description: 'Where it came from; `local` for the command line.' }),
    correlation_id: Type.String(),
  },
  { $id: 'AuditEntry', description: 'A change that somebody made or tried to make.' },
);
export type AuditEntry = Type.Static<typeof AuditEntry>;

const Filter = (description: string) => Type.Optional(Type.String({ maxLength: 256, description }));

export const ListAuditQuery = Type.Object(
  {
    ...RecordListQuery.properties,
    actor_id: Filter('Of this user or API key.'),
    action: Filter('Of this `operationId`.'),
    target: Filter('On what has this id.'),
  },
  { additionalProperties: false },
);
export type ListAuditQuery = Type.Static<typeof ListAuditQuery>;

export const listAudit = defineRoute({
  method: 'GET',
  path: '/audit',
  operationId: 'listAudit',
  summary: 'Who changed what',
  description:
    'Every change of users, keys, rules, dead letters and settings, and every sign-in, newest first. Of refused sign-ins 60 a minute and process have an entry, with status 401. An entry is durable before its change is made.',
  tag: 'Access',
  permission: 'admin',
  query: ListAuditQuery,
  responses: { 200: { description: 'Entries.', schema: Page(AuditEntry) } },
});
