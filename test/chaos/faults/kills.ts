import { differingSeconds } from '../live-figures.ts';
import type { Replica } from '../replica.ts';
import type { ServiceName, ShapeName } from '../shapes.ts';
import { now, until, wait } from '../timing.ts';
import type { Consequence, Fault, FaultContext } from './fault.ts';

/** A kill takes about so long with the start after it; more is waited for at most. */
const perKillMs = 90_000;
const everywhere: readonly ShapeName[] = ['embedded', 'rabbitmq', 'servers'];

/**
 * The replicas of a service die again and again at a point of their work, after a number of passings that changes, and
 * are started again each time.
 */
function crashFault(
  point: string,
  service: ServiceName,
  passings: number,
  brings: readonly Consequence[],
  short: readonly ShapeName[] = [],
): Fault {
  return {
    name: `kill -9 of ${service} ${point}`,
    shapes: everywhere,
    short,
    brings: ['kills', ...brings],
    async run({ cluster, random, kills }) {
      const replicas = cluster.having(service);
      const next = (): string =>
        `${service}.${point.replaceAll(' ', '_')}:${2 + Math.floor(random() * passings)}`;
      const crashes = (): number => replicas.reduce((sum, replica) => sum + replica.crashes, 0);
      const before = crashes();
      await Promise.all(replicas.map((replica) => replica.dieAt(next)));
      await until(kills * perKillMs, () => crashes() - before >= kills, 5);
      const died = crashes() - before;
      const ended = await Promise.all(replicas.map((replica) => replica.dieNoMore()));
      return {
        liftedAt: now(),
        kills: died + replicas.length + ended.filter(Boolean).length,
        problems: died < kills ? [`died ${died} times at the point, not ${kills}`] : [],
      };
    },
  };
}

/** Before it came back, a dashboard could not know better; by then it is to show what is stored. */
const correctedMs = 60_000;
const lookedBackMs = 30_000;

/** Deltas that are published and not acknowledged may be counted twice, until the store has told how many there are. */
const analyticsCrash: Fault = (() => {
  const crash = crashFault('after publish', 'analytics', 3, []);
  return {
    ...crash,
    async run(context) {
      const result = await crash.run(context);
      const { cluster } = context;
      await Promise.all(cluster.having('analytics').map((replica) => replica.ready(perKillMs)));
      const back = now();
      const end = Math.floor(Date.now() / 1000) * 1000;
      const differing = await differingSeconds(cluster, end - lookedBackMs, end, correctedMs);
      const seconds = ((now() - back) / 1000).toFixed(1);
      return {
        ...result,
        liftedAt: now(),
        remarks: [`live figures were those of the store ${seconds} s after the last process was ready`],
        problems: [...(result.problems ?? []), ...differing],
      };
    },
  };
})();

async function killOne({ cluster, random }: FaultContext): Promise<void> {
  // Only those through which events pass: the others are idle, and their death would prove nothing.
  const replicas = [...new Set([...cluster.having('ingestion'), ...cluster.having('storage')])];
  const replica = replicas[Math.floor(random() * replicas.length)];
  await replica?.ready(perKillMs);
  await replica?.kill9();
}

const randomKills: Fault = {
  name: 'kill -9 of anything, at random',
  shapes: everywhere,
  short: ['servers'],
  // A process that happens to be idle has nothing to be delivered again.
  brings: ['kills'],
  async run(context) {
    for (let kill = 0; kill < context.kills; kill++) {
      await wait(300 + context.random() * pauseOf(context));
      await killOne(context);
    }
    return { liftedAt: now(), kills: context.kills };
  },
};

/** For what happens once in a great many events. */
export function killsUntilSent(events: number): Fault {
  return {
    name: `kill -9 of anything, at random, until ${events} events were sent`,
    shapes: everywhere,
    brings: ['kills'],
    deadlineSeconds: 600 + events / 100,
    async run(context) {
      const { load, random } = context;
      let kills = 0;
      do {
        await until(2000 + 6000 * random(), () => load.state().sent >= events);
        await killOne(context);
        kills += 1;
      } while (load.state().sent < events);
      return { liftedAt: now(), kills };
    },
  };
}

/** Every few seconds in a long run, more often in a short one. */
const pauseOf = ({ lastingMs }: FaultContext): number => Math.min(4000, lastingMs);

/** Together: what is acknowledged by none of them is what all were at work on. */
const allAtOnce: Fault = {
  name: 'kill -9 of all processes at once',
  shapes: ['servers'],
  brings: ['kills', 'redelivered', 'unanswered'],
  async run({ cluster, kills }) {
    const rounds = Math.max(1, Math.floor(kills / cluster.replicas.length));
    for (let round = 0; round < rounds; round++) {
      await wait(500);
      await Promise.all(cluster.replicas.map((replica: Replica) => replica.kill9()));
      await Promise.all(cluster.replicas.map((replica) => replica.ready(perKillMs)));
    }
    return { liftedAt: now(), kills: rounds * cluster.replicas.length };
  },
};

export const killFaults: readonly Fault[] = [
  crashFault('before publish', 'ingestion', 60, ['unanswered']),
  crashFault('after confirm', 'ingestion', 60, ['unanswered', 'suppressed'], ['embedded']),
  crashFault('before commit', 'storage', 6, ['redelivered']),
  crashFault('during commit', 'storage', 6, ['redelivered']),
  crashFault('after commit', 'storage', 6, ['redelivered', 'suppressed'], ['embedded', 'servers']),
  analyticsCrash,
  randomKills,
  allAtOnce,
];
