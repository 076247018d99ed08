import {
  health as healthContract,
  metrics as metricsContract,
  type RouteContract,
  ready,
} from '@streamflow/contracts';
import type { FastifyReply } from 'fastify';
import type { Health } from './health.ts';

export interface OperationOptions {
  readonly health: Health;
  readonly metrics: { render(): Promise<string>; readonly contentType: string };
  readonly isReady: () => boolean;
}

export interface OperationRoute {
  readonly contract: RouteContract;
  handle(reply: FastifyReply): Promise<unknown>;
}

/** `/health`, `/ready` and `/metrics`: open to all and never limited, since probes must not be refused. */
export function operationRoutes({ health, metrics, isReady }: OperationOptions): readonly OperationRoute[] {
  return [
    {
      contract: healthContract,
      async handle(reply) {
        const answer = await health.health();
        reply.code(answer.status === 'healthy' ? 200 : 503);
        return answer;
      },
    },
    {
      contract: ready,
      async handle(reply) {
        const answer = await health.ready(isReady());
        reply.code(answer.status === 'ready' ? 200 : 503);
        return answer;
      },
    },
    {
      contract: metricsContract,
      async handle(reply) {
        const text = await metrics.render();
        reply.type(metrics.contentType);
        return text;
      },
    },
  ];
}
