import { randomUUID } from 'node:crypto';
import { connect as connectSocket } from 'node:net';
import { Connection } from 'rabbitmq-client';
import { describe, test } from 'vitest';
import { systemClock } from '../../../domain/clock.ts';
import { silentLog } from '../../../domain/log.ts';
import { contractQueueBytes, describeBus } from '../bus.contract.ts';
import { openRabbitmqBus } from './open-rabbitmq-bus.ts';
import { topologyOf } from './topology.ts';

const url = process.env.TEST_RABBITMQ_URL ?? 'amqp://guest:guest@127.0.0.1:5672';
const { hostname, port } = new URL(url);

const reachable = await new Promise<boolean>((done) => {
  const socket = connectSocket({ host: hostname, port: Number(port || 5672), timeout: 1000 });
  const answer = (value: boolean) => () => {
    socket.destroy();
    done(value);
  };
  socket.on('connect', answer(true)).on('error', answer(false)).on('timeout', answer(false));
});

if (reachable || process.env.REQUIRE_SERVICES === '1') {
  describeBus('RabbitMQ', async () => {
    const limits = {
      prefix: `streamflow-test-${randomUUID()}.`,
      storageMaxBatches: 100_000,
      storageMaxBytes: contractQueueBytes,
      analyticsMaxBytes: contractQueueBytes,
      deadLettersMaxBytes: contractQueueBytes,
      deliveryLimit: 1000,
    };
    const connections: Connection[] = [];
    return {
      open: () =>
        openRabbitmqBus({
          url,
          clock: systemClock,
          log: silentLog,
          ...limits,
          connect: (options) => {
            const connection = new Connection(options);
            connections.push(connection);
            return connection;
          },
        }),
      crash: async () => {
        for (const connection of connections.splice(0)) connection.unsafeDestroy();
      },
      remove: async () => {
        const topology = topologyOf(limits);
        const connection = new Connection(url);
        for (const { queue } of topology.queues) if (queue !== undefined) await connection.queueDelete(queue);
        for (const { exchange } of topology.exchanges) await connection.exchangeDelete({ exchange });
        await connection.close();
      },
    };
  });
} else {
  describe('RabbitMQ keeps the contract of the bus', () => {
    test.skip(`needs a RabbitMQ server at ${hostname}:${port}`, () => {});
  });
}
