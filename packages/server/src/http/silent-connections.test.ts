import { once } from 'node:events';
import { connect } from 'node:net';
import { expect, it } from 'vitest';
import { silentLog } from '../domain/log.ts';
import { createAllowedMethods } from './allowed-methods.ts';
import { createFastifyApp } from './fastify-app.ts';

it('does not wait for connections on which nothing was asked', async () => {
  const app = createFastifyApp({
    maxBodyBytes: 1024,
    clock: { now: () => 0 },
    log: silentLog,
    newId: () => 'id',
    allowedMethods: createAllowedMethods(),
    recordUnrouted: () => () => {},
  });
  const address = await app.listen({ host: '127.0.0.1', port: 0 });
  const accepted = once(app.server, 'connection');
  const socket = connect(Number(new URL(address).port), '127.0.0.1');
  await accepted;
  const ended = once(socket, 'close');
  // Without it the close takes until the time for the header is over, longer than this test may.
  await app.close();
  await ended;
  expect(socket.destroyed).toBe(true);
}, 5000);
