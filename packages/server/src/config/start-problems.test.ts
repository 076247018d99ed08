import { type ServiceName, serviceNames } from '@streamflow/contracts';
import { describe, expect, it } from 'vitest';
import { loadConfig } from './load.ts';
import { startProblems } from './start-problems.ts';

const secret = { JWT_SECRET_KEY: 'a secret of the tests that is long enough' };
const servers = { RABBITMQ_URL: 'amqp://broker', DATABASE_URL: 'postgresql://database/streamflow' };

function missing(env: Record<string, string>, services: readonly ServiceName[]): string[] {
  const loaded = loadConfig({ env: { ...secret, ...env }, cwd: '/', readFile: () => null });
  return startProblems(loaded, services).map(({ key }) => key);
}

describe('what services need to start', () => {
  it('is nothing when all of them run in one process, whatever servers they use', () => {
    expect(missing({}, serviceNames)).toEqual([]);
    expect(missing({ RABBITMQ_URL: servers.RABBITMQ_URL }, serviceNames)).toEqual([]);
  });

  it('is the broker and the database when some run apart', () => {
    expect(missing({}, ['storage'])).toEqual(['rabbitmq.url', 'database.url']);
    expect(missing({ RABBITMQ_URL: servers.RABBITMQ_URL }, ['ingestion', 'storage'])).toEqual([
      'database.url',
    ]);
  });

  it('is nothing more when both are named; Redis and ClickHouse are as you like', () => {
    expect(missing(servers, ['dashboard'])).toEqual([]);
    expect(
      missing({ CLICKHOUSE_URL: 'http://clickhouse:8123', RABBITMQ_URL: servers.RABBITMQ_URL }, ['storage']),
    ).toEqual(['database.url']);
  });
});
