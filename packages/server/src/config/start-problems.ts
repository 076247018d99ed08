import { type ServiceName, serviceNames } from '@streamflow/contracts';
import type { LoadedConfig } from './load.ts';
import type { Problem } from './sources.ts';

/**
 * What keeps these services from starting with a configuration that is right in itself: what they need and the
 * configuration does not name. `start` refuses by it, and `config check` tells it.
 */
export function startProblems(
  { config: { engines } }: LoadedConfig,
  services: readonly ServiceName[],
): readonly Problem[] {
  if (serviceNames.every((name) => services.includes(name))) return [];
  const missing = (key: string, setting: string, holds: string): Problem => ({
    key,
    source: `set ${setting}`,
    message: `must be set when not all services run in one process: ${holds}`,
  });
  return [
    ...(engines.bus === 'segment-log'
      ? [missing('rabbitmq.url', 'RABBITMQ_URL', 'they reach each other through the broker')]
      : []),
    ...(engines.records === 'sqlite'
      ? [missing('database.url', 'DATABASE_URL', 'they share users, keys and settings, and events by it')]
      : []),
  ];
}
