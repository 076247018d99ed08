import type { Cluster } from './cluster.ts';
import type { LedgerWriter } from './ledger.ts';
import { makeLoadEvent } from './load-event.ts';
import { now, wait } from './timing.ts';

/** Sends an event until it is acknowledged, and asks for it until it is stored; true when it is in time. */
export function createProbe(cluster: Cluster, ledger: LedgerWriter, fault: string) {
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${cluster.key}` };
  const anyOf = <T>(list: readonly T[], turn: number): T | undefined => list[turn % list.length];

  return async (request: number, n: number, withinMs: number): Promise<boolean> => {
    const deadline = now() + withinMs;
    const event = makeLoadEvent(n, fault);
    ledger.sent(request, fault, [{ id: event.id, n }]);
    let acknowledged = false;
    for (let turn = 0; now() < deadline; turn++) {
      const answer = await ask(anyOf(cluster.having('ingestion'), turn)?.url('ingestion', '/events'), {
        method: 'POST',
        headers,
        body: JSON.stringify(event),
      });
      acknowledged = answer === 201;
      const outcome = acknowledged ? 'acknowledged' : 'unanswered';
      ledger.end(request, answer === 0 || answer === 503 || acknowledged ? outcome : 'refused', `${answer}`);
      if (acknowledged) break;
      await wait(50);
      ledger.again(request);
    }
    if (!acknowledged) return false;
    for (let turn = 0; now() < deadline; turn++) {
      const storage = anyOf(cluster.having('storage'), turn)?.url('storage', `/events/${event.id}`);
      if ((await ask(storage, { headers })) === 200) return true;
      await wait(20);
    }
    return false;
  };
}

/** The status; 0 when there was no answer. */
async function ask(url: string | undefined, init: RequestInit): Promise<number> {
  if (url === undefined) return 0;
  try {
    const answer = await fetch(url, { ...init, signal: AbortSignal.timeout(8000) });
    await answer.arrayBuffer();
    return answer.status;
  } catch {
    return 0;
  }
}
