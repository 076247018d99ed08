import { connect } from 'node:net';
import { describe, test } from 'vitest';

function answers(host: string, port: number): Promise<boolean> {
  return new Promise((done) => {
    const socket = connect({ host, port, timeout: 1000 });
    const end = (value: boolean) => () => {
      socket.destroy();
      done(value);
    };
    socket.on('connect', end(true)).on('error', end(false)).on('timeout', end(false));
  });
}

/** Runs tests that need a server where it runs, or where CI requires it; says otherwise what was skipped. */
export async function describeWithServer(
  server: string,
  url: string,
  defaultPort: number,
  tests: () => void,
): Promise<void> {
  const { hostname, port } = new URL(url);
  const at = Number(port || defaultPort);
  if (process.env.REQUIRE_SERVICES === '1' || (await answers(hostname, at))) tests();
  else
    describe(`with ${server}`, () => {
      test.skip(`needs a ${server} server at ${hostname}:${at}`, () => {});
    });
}
