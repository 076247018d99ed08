import { randomUUID } from 'node:crypto';
import { connect as connectSocket } from 'node:net';
import { Connection } from 'rabbitmq-client';
import { describe, test } from 'vitest';
import { systemClock } from '../../../domain/clock.ts';
import type { Log } from '../../../domain/log.ts';
import { silentLog } from '../../../domain/log.ts';
import { contractQueueBytes } from '../bus.contract.ts';
import type { Bus } from '../port.ts';
import { openRabbitmqBus, type RabbitmqBusOptions } from './open-rabbitmq-bus.ts';
import { TcpProxy } from './tcp-proxy.fixture.ts';
import { topologyOf } from './topology.ts';

const url = process.env.TEST_RABBITMQ_URL ?? 'amqp://guest:guest@127.0.0.1:5672';
const broker = new URL(url);
const target = { host: broker.hostname, port: Number(broker.port || 5672) };

/** Describes with a real broker, or skips and says so. */
export async function describeWithBroker(name: string, describeAll: () => void): Promise<void> {
  const reachable = await new Promise<boolean>((done) => {
    const socket = connectSocket({ ...target, timeout: 1000 });
    const answer = (value: boolean) => () => {
      socket.destroy();
      done(value);
    };
    socket.on('connect', answer(true)).on('error', answer(false)).on('timeout', answer(false));
  });
  if (reachable || process.env.REQUIRE_SERVICES === '1') describe(name, describeAll);
  else
    describe(name, () => {
      test.skip(`needs a RabbitMQ server at ${target.host}:${target.port}`, () => {});
    });
}

export interface LogLine {
  readonly level: string;
  readonly message: string;
}

/** A part of the broker under a prefix of its own, reached by buses through proxies of their own. */
export class Installation {
  readonly prefix = `streamflow-test-${randomUUID()}.`;
  readonly lines: LogLine[] = [];
  private readonly proxies = new Map<Bus, TcpProxy>();
  private readonly limits: Partial<RabbitmqBusOptions>;
  private admin: Connection | undefined;

  constructor(limits: Partial<RabbitmqBusOptions> = {}) {
    this.limits = {
      prefix: this.prefix,
      storageMaxBytes: contractQueueBytes,
      analyticsMaxBytes: contractQueueBytes,
      deadLettersMaxBytes: contractQueueBytes,
      deliveryLimit: 1000,
      ...limits,
    };
  }

  get topology() {
    const exchanges = { events: 'events', analytics: 'analytics', alerts: 'alerts' };
    const numbers = {
      storageMaxBatches: 1,
      storageMaxBytes: 1,
      analyticsMaxBytes: 1,
      deadLettersMaxBytes: 1,
    };
    return topologyOf({ prefix: this.prefix, exchanges, ...numbers, deliveryLimit: 1 });
  }

  async open(options: Partial<RabbitmqBusOptions> = {}): Promise<Bus> {
    const proxy = await TcpProxy.start(target);
    const through = new URL(url);
    through.host = proxy.address;
    try {
      const bus = await openRabbitmqBus({
        url: through.href,
        clock: systemClock,
        random: () => 0.5,
        log: this.log,
        ...this.limits,
        ...options,
      });
      this.proxies.set(bus, proxy);
      return bus;
    } catch (error) {
      await proxy.close();
      throw error;
    }
  }

  proxy(bus: Bus): TcpProxy {
    const proxy = this.proxies.get(bus);
    if (proxy === undefined) throw new Error('The bus is none of this installation');
    return proxy;
  }

  /** A connection past every proxy, to do what others do to a broker. */
  get others(): Connection {
    this.admin ??= new Connection(url);
    return this.admin;
  }

  logged(level: string): string[] {
    return this.lines.filter((line) => line.level === level).map(({ message }) => message);
  }

  /** After every bus is closed. */
  async remove(): Promise<void> {
    for (const proxy of this.proxies.values()) await proxy.close();
    const { queues, exchanges } = this.topology;
    for (const { queue } of queues) await this.others.queueDelete(queue);
    for (const { exchange } of exchanges) await this.others.exchangeDelete({ exchange });
    await this.others.close();
  }

  private get log(): Log {
    const note = (level: string) => (message: string) => void this.lines.push({ level, message });
    return {
      ...silentLog,
      info: note('info'),
      warning: note('warning'),
      error: note('error'),
      critical: note('critical'),
    };
  }
}
