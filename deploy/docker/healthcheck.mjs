// Exits 0 when the service in this container is ready. The image has no curl.
const url = `http://127.0.0.1:${process.env.HEALTHCHECK_PORT ?? '8001'}/ready`;
try {
  const answer = await fetch(url, { signal: AbortSignal.timeout(4000) });
  await answer.body?.cancel();
  if (answer.status !== 200) throw new Error(`${url} answered ${answer.status}`);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
  process.exitCode = 1;
}
