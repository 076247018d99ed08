import type { ServiceName } from '@streamflow/contracts';
import type { LoadedConfig } from './load.ts';
import type { Problem } from './sources.ts';

/**
 * What keeps these services from starting with a configuration that is right in itself: what this version cannot do,
 * and what they need and the configuration does not name. `start` refuses by it, and `config check` tells it.
 */
export function startProblems(
  { config, sources }: LoadedConfig,
  _services: readonly ServiceName[],
): readonly Problem[] {
  const servers = {
    'rabbitmq.url': config.rabbitmq.url,
    'database.url': config.database.url,
    'clickhouse.url': config.clickhouse.url,
    'redis.url': config.redis.url,
  };
  return Object.entries(servers).flatMap(([key, url]) =>
    url === null
      ? []
      : [
          {
            key,
            source: sources.get(key) ?? 'default',
            message: 'names a server, and this version runs on its embedded engines alone; unset it',
          },
        ],
  );
}
