import { describeBus } from '../bus.contract.ts';
import { describeWithBroker, Installation } from './broker.fixture.ts';

await describeWithBroker('RabbitMQ', () =>
  describeBus('RabbitMQ', async () => {
    const installation = new Installation();
    return {
      open: () => installation.open(),
      // What the broker sees of a process that is killed: its connections are reset.
      crash: async (bus) => installation.proxy(bus).refuse(),
      remove: () => installation.remove(),
    };
  }),
);
