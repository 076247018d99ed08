import { expect, it } from 'vitest';
import { StreamFlow, StreamFlowApiError } from './index.ts';
import { type Answer, answer, refuse, scriptedFetch } from './scripted-fetch.fixture.ts';

const setUp = (...script: readonly [Answer, ...Answer[]]) => {
  const { fetch, sent } = scriptedFetch(() => 0, ...script);
  const client = new StreamFlow({ dashboardUrl: 'http://d.test', token: 't', fetch });
  return { client, sent };
};

it('reaches every service through the dashboard, the dashboard itself without a way round', async () => {
  const { client, sent } = setUp(() => answer(200, { status: 'healthy', data: {} }));
  await client.system.health('storage');
  await client.system.health('dashboard');
  await client.system.ledger({ from: '2024-01-01T00:00:00Z' });
  await client.metrics.historical({ interval: '1m' });
  await client.auth.me();
  expect(sent.map(({ url }) => url)).toEqual([
    'http://d.test/api/storage/health',
    'http://d.test/health',
    'http://d.test/api/storage/ledger?from=2024-01-01T00%3A00%3A00Z',
    'http://d.test/metrics/historical?interval=1m',
    'http://d.test/auth/me',
  ]);
});

it('gives the answer of an unhealthy service, and no other failure for one', async () => {
  const unhealthy = { status: 'unhealthy', service: 'storage', checks: {} };
  const { client } = setUp(() => answer(503, unhealthy), refuse(502, 'BadGateway'));
  expect(await client.system.health('storage')).toEqual(unhealthy);
  await expect(client.system.health('storage')).rejects.toThrow(StreamFlowApiError);
});

it('downloads the bytes of an export in the form that is asked for', async () => {
  const { client, sent } = setUp(() => new Response('id,type\n1,a\n'));
  let text = '';
  for await (const part of client.events.download({ type: 'a', format: 'csv' }))
    text += new TextDecoder().decode(part);
  expect(text).toBe('id,type\n1,a\n');
  expect(sent[0]?.url).toBe('http://d.test/api/storage/events/export?type=a&format=csv');
});
