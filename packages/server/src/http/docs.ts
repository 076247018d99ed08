import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance } from 'fastify';
import type { OpenApiDocument } from './openapi.ts';

/** The page uses its own scripts, inline styles and data: images, and talks to this server alone. */
const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "font-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** `/openapi.json`, and `/docs` to browse it. */
export async function mountDocs(
  app: FastifyInstance,
  document: OpenApiDocument,
  title: string,
): Promise<void> {
  const text = JSON.stringify(document);
  app.get('/openapi.json', (_request, reply) => {
    reply.type('application/json; charset=utf-8').send(text);
  });
  // swagger-ui asks for the plugin that usually makes the document; ours is made from the contracts.
  await app.register(
    Object.assign(async (instance: FastifyInstance) => void instance.decorate('swagger', () => document), {
      [Symbol.for('skip-override')]: true,
      [Symbol.for('plugin-meta')]: { name: '@fastify/swagger' },
    }),
  );
  await app.register(swaggerUi, {
    routePrefix: '/docs',
    theme: { title },
    staticCSP: contentSecurityPolicy,
    uiConfig: { deepLinking: true, persistAuthorization: false, validatorUrl: null },
  });
}
