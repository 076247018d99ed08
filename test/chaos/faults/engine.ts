import { commandOf, descendantsOf, quietlySignal } from '../owned-process.ts';
import { now, until, wait } from '../timing.ts';
import type { Fault, FaultContext } from './fault.ts';

/* The process in which the embedded event store runs is a child of the service's, and may die or hang alone. */

const engineShapes = ['embedded', 'rabbitmq'] as const;

function engineOf({ cluster }: FaultContext): number | null {
  const [storage] = cluster.having('storage');
  const children = storage?.pid === null || storage === undefined ? [] : descendantsOf(storage.pid);
  return children.find((pid) => commandOf(pid).includes('chdb-child')) ?? null;
}

async function presentEngine(context: FaultContext, other: number | null): Promise<number> {
  let found: number | null = null;
  await until(30_000, () => {
    found = engineOf(context);
    return found !== null && found !== other;
  });
  if (found === null) throw new Error('There is no process of the embedded event store');
  return found;
}

const engineKilled: Fault = {
  name: 'kill -9 of the embedded event store',
  shapes: engineShapes,
  brings: ['kills'],
  async run(context) {
    let last: number | null = null;
    for (let kill = 0; kill < context.kills; kill++) {
      last = await presentEngine(context, last);
      await wait(300 + 1000 * context.random());
      quietlySignal(last, 'SIGKILL');
    }
    return { liftedAt: now(), kills: context.kills };
  },
};

const engineFrozen: Fault = {
  name: 'embedded event store frozen (SIGSTOP)',
  shapes: engineShapes,
  brings: [],
  async run(context) {
    const pid = await presentEngine(context, null);
    quietlySignal(pid, 'SIGSTOP');
    await wait(context.lastingMs);
    quietlySignal(pid, 'SIGCONT');
    return { liftedAt: now() };
  },
};

export const engineFaults: readonly Fault[] = [engineKilled, engineFrozen];
