import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** Where the built pages of the dashboard are. */
export const siteDirectory = (): string =>
  join(dirname(createRequire(import.meta.url).resolve('@streamflow/web/package.json')), 'dist/site');
