import { describe, expect, it } from 'vitest';
import { ManualEnvironment } from './manual-environment.fixture.ts';
import { type ConnectionOptions, resolveConnection } from './options.ts';
import { type Page, sendOnPageExit } from './page-exit.ts';
import { accept, scriptedFetch } from './scripted-fetch.fixture.ts';
import type { TrackedEvent } from './track-event.ts';

const tracked = (count: number, size: number): TrackedEvent[] =>
  Array.from({ length: count }, (_, n) => {
    const json = JSON.stringify({
      id: String(n),
      type: 'custom',
      source: 's',
      data: { text: 'x'.repeat(size) },
    });
    return { id: String(n), json, bytes: json.length };
  });

function setUp(events: readonly TrackedEvent[], options: ConnectionOptions, takesBeacons = true) {
  const environment = new ManualEnvironment();
  const { fetch, sent } = scriptedFetch(() => environment.now(), accept());
  const listeners = new Set<() => void>();
  const beacons: { readonly url: string; readonly body: Blob }[] = [];
  const page: Page = {
    addEventListener: (_, listener) => void listeners.add(listener),
    removeEventListener: (_, listener) => void listeners.delete(listener),
    document: {},
    navigator: {
      sendBeacon(url, body) {
        if (takesBeacons) beacons.push({ url, body });
        return takesBeacons;
      },
    },
  };
  const connection = resolveConnection({
    ingestionUrl: 'http://events.test',
    fetch,
    environment,
    ...options,
  });
  const forget = sendOnPageExit(page, connection, () => events);
  const leave = () => {
    for (const listener of listeners) listener();
  };
  return { beacons, sent, leave, forget, environment };
}

describe('a page that goes away', () => {
  it('sends what is unanswered by beacon, as text with the key in the address', async () => {
    const { beacons, sent, leave } = setUp(tracked(3, 10), { apiKey: 'sf_key' });
    leave();
    expect(beacons.map(({ url }) => url)).toEqual([
      'http://events.test/events/batch?partial=true&api_key=sf_key',
    ]);
    expect(beacons[0]?.body.type).toBe('text/plain');
    const body = JSON.parse((await beacons[0]?.body.text()) ?? '');
    expect(body.sent_at).toBe('2026-01-01T00:00:00.000Z');
    expect(body.events.map(({ id }: { id: string }) => id)).toEqual(['0', '1', '2']);
    expect(sent).toHaveLength(0);
  });

  it.each<[string, ConnectionOptions, boolean]>([
    ['a token', { token: 'jwt' }, true],
    ['a browser that refuses the beacon', { apiKey: 'jwt' }, false],
  ])('sends by a request that outlives it with %s', async (_, options, takesBeacons) => {
    const { beacons, sent, leave, environment } = setUp(tracked(2, 10), options, takesBeacons);
    leave();
    await environment.settle();
    expect(beacons).toHaveLength(0);
    expect(sent[0]?.request).toMatchObject({ keepalive: true, headers: { authorization: 'Bearer jwt' } });
    expect(sent[0]?.events.map(({ id }) => id)).toEqual(['0', '1']);
  });

  it('stays below what browsers allow, oldest first', async () => {
    const { beacons, leave } = setUp(tracked(20, 10_000), { apiKey: 'sf_key' });
    leave();
    const text = (await beacons[0]?.body.text()) ?? '';
    expect(text.length).toBeLessThan(64 * 1024);
    expect(JSON.parse(text).events.map(({ id }: { id: string }) => id)).toEqual(['0', '1', '2', '3', '4']);
  });

  it('sends nothing when nothing is unanswered, and nothing after the client was closed', () => {
    const empty = setUp([], { apiKey: 'sf_key' });
    empty.leave();
    expect(empty.beacons).toHaveLength(0);
    const closed = setUp(tracked(1, 1), { apiKey: 'sf_key' });
    closed.forget();
    closed.leave();
    expect(closed.beacons).toHaveLength(0);
  });
});
