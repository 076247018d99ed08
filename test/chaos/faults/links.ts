import type { LinkName } from '../cluster.ts';
import type { ShapeName } from '../shapes.ts';
import type { TcpProxy } from '../tcp-proxy.ts';
import { now, wait } from '../timing.ts';
import { beyondPublishTimeoutMs, type Consequence, type Fault } from './fault.ts';

const delayMs = 400;
const resets = 4;

interface Harm {
  readonly name: string;
  run(link: TcpProxy, lastingMs: number): Promise<void>;
}

const harms = {
  delayed: {
    name: 'delayed',
    async run(link, lastingMs) {
      link.delay(delayMs);
      await wait(lastingMs);
      link.pass();
    },
  },
  silent: {
    name: 'black-holed',
    async run(link, lastingMs) {
      link.blackHole();
      await wait(Math.max(lastingMs, beyondPublishTimeoutMs));
      link.pass();
    },
  },
  reset: {
    name: 'reset',
    async run(link, lastingMs) {
      for (let n = 0; n < resets; n++) {
        link.reset();
        await wait(lastingMs / resets);
      }
    },
  },
} as const satisfies Record<string, Harm>;

function linkFault(
  name: LinkName,
  harm: Harm,
  shapes: readonly ShapeName[],
  brings: readonly Consequence[],
): Fault {
  return {
    name: `link ${name} ${harm.name}`,
    shapes,
    brings,
    async run({ cluster, lastingMs }) {
      const link = cluster.links.get(name);
      if (link === undefined) throw new Error(`The shape has no link ${name}`);
      await harm.run(link, lastingMs);
      return { liftedAt: now() };
    },
  };
}

const servers = ['servers'] as const;
const withBroker = ['rabbitmq', 'servers'] as const;

export const linkFaults: readonly Fault[] = [
  linkFault('ingestion–broker', harms.delayed, withBroker, []),
  linkFault('ingestion–broker', harms.silent, withBroker, ['unanswered']),
  linkFault('ingestion–broker', harms.reset, withBroker, ['reconnected', 'unanswered']),
  linkFault('storage–broker', harms.delayed, servers, []),
  linkFault('storage–broker', harms.silent, servers, ['redelivered']),
  linkFault('storage–broker', harms.reset, servers, ['reconnected', 'redelivered']),
  linkFault('storage–database', harms.delayed, servers, []),
  linkFault('storage–database', harms.silent, servers, []),
  linkFault('storage–database', harms.reset, servers, []),
  linkFault('ingestion–database', harms.silent, servers, []),
  linkFault('ingestion–redis', harms.silent, servers, []),
  linkFault('ingestion–redis', harms.reset, servers, []),
];
