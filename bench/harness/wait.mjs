/** Waits until nothing more is being stored: the queue is empty. Resolves with the milliseconds that it took. */
export async function waitUntilStored(server) {
  const begun = performance.now();
  for (;;) {
    const text = await (await fetch(`${server.url('storage')}/metrics`)).text();
    const line = text
      .split('\n')
      .find((row) => row.startsWith('streamflow_queue_depth{') && row.includes('events.storage'));
    if (line === undefined) throw new Error('streamflow_queue_depth of events.storage is not exported');
    if (Number(line.slice(line.lastIndexOf(' ') + 1)) === 0) return performance.now() - begun;
    if (performance.now() - begun > 120_000) throw new Error('The store did not catch up within 120 s');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
