import { configurationPage } from '../packages/server/dist/config/reference-page.js';
import { apiCatalogue } from '../packages/server/dist/http/api-catalogue.js';
import { errorsPage } from '../packages/server/dist/http/error-reference.js';
import { openApiDocument } from '../packages/server/dist/http/openapi.js';
import { permissionsPage } from '../packages/server/dist/http/permission-reference.js';
import { version } from '../packages/server/dist/version.js';
import { apiPage } from './api-page.mjs';

/** Every generated file: its path from the root of the repository, and what it must hold. */
export function referencePages() {
  const documents = Object.fromEntries(
    Object.entries(apiCatalogue).map(([service, { routes, sockets }]) => [
      service,
      openApiDocument({ service, version, contracts: routes, sockets }),
    ]),
  );
  return new Map([
    ['docs/reference/api.md', apiPage(documents)],
    ['docs/reference/configuration.md', configurationPage()],
    ['docs/reference/errors.md', errorsPage()],
    ['docs/reference/permissions.md', permissionsPage()],
    ...Object.entries(documents).map(([service, document]) => [
      `docs/reference/openapi/${service}.json`,
      `${JSON.stringify(document, null, 2)}\n`,
    ]),
  ]);
}
