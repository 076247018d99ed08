import { once } from 'node:events';
import { createServer } from 'node:http';
import { runLoad } from './load.mjs';
import { startServer } from './server.mjs';

const rules = 100;
const eventsPerSecond = 500;
const batch = 10;

/**
 * From the acknowledgement of an event that makes a condition true to the webhook that tells of it, milliseconds each: one
 * alert a source, beside 100 other rules and a load of ordinary events.
 */
export async function alertDelays({ events }) {
  const receiver = await startReceiver();
  const server = await startServer({ environment: { ALERTING_ALLOW_PRIVATE_TARGETS: 'true' } });
  try {
    await createRules(server, receiver.url);
    const spacingMs = 200;
    const seconds = (events * spacingMs) / 1000 + 6;
    const load = runLoad({
      host: '127.0.0.1',
      port: server.ports.ingestion,
      path: '/events/batch',
      connections: 4,
      batch,
      rate: eventsPerSecond / batch,
      seconds,
      authorization: server.key,
    });
    await pause(2000);
    const accepted = new Map();
    for (let n = 0; n < events; n += 1) {
      const source = `probe-${n}`;
      const answer = await fetch(`${server.url('ingestion')}/events`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${server.key}` },
        body: JSON.stringify({ type: 'custom.failure', source, data: {} }),
      });
      if (answer.status !== 201) throw new Error(`probe: ${answer.status}`);
      accepted.set(source, performance.now());
      await answer.arrayBuffer();
      // At every part of a second.
      await pause(Math.random() * 2 * spacingMs);
    }
    await load;
    const deadline = performance.now() + 15_000;
    while (performance.now() < deadline && ![...accepted.keys()].every((source) => receiver.told.has(source)))
      await pause(20);
    const missing = [...accepted.keys()].filter((source) => !receiver.told.has(source));
    if (missing.length > 0) throw new Error(`${missing.length} of ${events} alerts did not come`);
    return [...accepted].map(([source, at]) => receiver.told.get(source) - at);
  } finally {
    await server.stop();
    await receiver.close();
  }
}

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** When it was first told of an alert, by the source of its group. */
async function startReceiver() {
  const told = new Map();
  const server = createServer(async (request, response) => {
    const at = performance.now();
    let body = '';
    for await (const chunk of request) body += chunk;
    response.end();
    for (const { group } of JSON.parse(body).alerts ?? [])
      if (group.source !== undefined && !told.has(group.source)) told.set(group.source, at);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    told,
    url: `http://127.0.0.1:${server.address().port}/`,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

async function createRules(server, url) {
  const post = async (path, body) => {
    const answer = await fetch(`${server.url('alerting')}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${server.token}` },
      body: JSON.stringify(body),
    });
    if (answer.status !== 201) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
  };
  await post('/channels', { type: 'webhook', name: 'bench', config: { url } });
  for (let n = 0; n < rules; n += 1)
    await post('/rules', {
      name: `rule ${n}`,
      condition: `error_rate > 0.9${n % 10} && events_per_second > ${100_000 + n}`,
      window: `${10 + n}s`,
    });
  await post('/rules', {
    name: 'Failures',
    condition: 'count(event.type == "custom.failure") > 0',
    window: '10m',
    group_by: ['source'],
    channels: ['webhook:bench'],
    level: 'critical',
  });
}
