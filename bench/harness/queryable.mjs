import { randomUUID } from 'node:crypto';

/**
 * While a load runs, sends single events one after the other and asks for each until it is found. Resolves with the
 * milliseconds from each acknowledgement.
 */
export async function probeWhile(server, load) {
  const headers = { authorization: `Bearer ${server.key}`, 'content-type': 'application/json' };
  const found = [];
  let loading = true;
  const background = load.finally(() => {
    loading = false;
  });
  const probe = async () => {
    const id = randomUUID();
    const answer = await fetch(`${server.url('ingestion')}/events`, {
      method: 'POST',
      headers,
      body: JSON.stringify({ id, type: 'custom', source: 'bench', data: {} }),
    });
    const accepted = performance.now();
    if (answer.status !== 201) throw new Error(`probe: ${answer.status}`);
    for (;;) {
      const seen = await fetch(`${server.url('storage')}/events/${id}`, { headers });
      await seen.arrayBuffer();
      if (seen.status === 200) break;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    found.push(performance.now() - accepted);
  };
  await new Promise((resolve) => setTimeout(resolve, 2000));
  while (loading) {
    await probe();
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  await background;
  return found;
}
