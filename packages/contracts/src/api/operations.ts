import Type from 'typebox';
import { serviceNames } from '../services.ts';
import { defineRoute } from './route.ts';

const CheckResult = Type.Object(
  {
    status: Type.Enum(['healthy', 'degraded', 'unhealthy'], {
      description:
        '`degraded`: it is away, and the service does all of its work without it, less well. Only `unhealthy` makes the service unhealthy.',
    }),
    message: Type.Optional(Type.String({ description: 'What is wrong, when something is.' })),
  },
  { additionalProperties: true },
);

/** Each check by its name (`database`, `message_broker`, …); plain numbers are figures, not checks. */
const Checks = Type.Record(Type.String(), Type.Union([CheckResult, Type.Number()]));

export const HealthResponse = Type.Object(
  {
    status: Type.Enum(['healthy', 'unhealthy']),
    service: Type.Enum(serviceNames),
    version: Type.String(),
    timestamp: Type.String({ format: 'date-time' }),
    checks: Checks,
  },
  { $id: 'HealthResponse' },
);
export type HealthResponse = Type.Static<typeof HealthResponse>;

export const health = defineRoute({
  method: 'GET',
  path: '/health',
  operationId: 'health',
  summary: 'Service health',
  description:
    'Asks the real dependencies, each for at most two seconds. 503 in the same shape when one fails that the service needs; one that it can do without is `degraded`, with 200.',
  tag: 'Operations',
  permission: 'public',
  responses: {
    200: { description: 'Healthy.', schema: HealthResponse },
    503: { description: 'Unhealthy.', schema: HealthResponse },
  },
});

export const ReadyResponse = Type.Object(
  {
    status: Type.Enum(['ready', 'not_ready']),
    service: Type.Enum(serviceNames),
    checks: Checks,
  },
  { $id: 'ReadyResponse' },
);
export type ReadyResponse = Type.Static<typeof ReadyResponse>;

export const ready = defineRoute({
  method: 'GET',
  path: '/ready',
  operationId: 'ready',
  summary: 'Whether the service takes requests',
  tag: 'Operations',
  permission: 'public',
  responses: {
    200: { description: 'Ready.', schema: ReadyResponse },
    503: {
      description: 'Starting, stopping, or without a dependency that it cannot work without.',
      schema: ReadyResponse,
    },
  },
});

export const metrics = defineRoute({
  method: 'GET',
  path: '/metrics',
  operationId: 'metrics',
  summary: 'Prometheus metrics',
  tag: 'Operations',
  permission: 'public',
  responses: { 200: { description: 'Prometheus text format.', contentType: 'text/plain' } },
});

export const operationsRoutes = [health, ready, metrics] as const;
