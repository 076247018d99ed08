import type { ConnectionSettings } from './options.ts';
import { formatQuery } from './query-string.ts';
import type { TrackedEvent } from './track-event.ts';

/**
 * Browsers allow 64 KiB for all beacons and keepalive requests that a page has under way; a little of it is the
 * address and headers.
 */
const quotaBytes = 60_000;

/** The part of a browser's global object that is used here. */
export interface Page {
  addEventListener(type: 'pagehide', listener: () => void): void;
  removeEventListener(type: 'pagehide', listener: () => void): void;
  readonly document: unknown;
  readonly navigator: { sendBeacon?(url: string, body: Blob): boolean };
}

const isPage = (candidate: object): candidate is Page =>
  'document' in candidate && 'navigator' in candidate && 'addEventListener' in candidate;

/** The page that this runs in; undefined outside browsers. */
export function currentPage(): Page | undefined {
  return isPage(globalThis) ? globalThis : undefined;
}

/**
 * Sends what is unanswered when the page goes away: by beacon with an API key (no preflight, survives the page), else
 * by a keepalive request. Nothing is removed from memory, because a page can come back from the cache: what is then
 * sent again has the same ids. Returns what takes the listener away.
 */
export function sendOnPageExit(
  page: Page,
  connection: ConnectionSettings,
  unanswered: () => readonly TrackedEvent[],
): () => void {
  const onPageHide = (): void => {
    const events: string[] = [];
    let bytes = 100;
    for (const event of unanswered()) {
      bytes += event.bytes + 1;
      if (bytes > quotaBytes) break;
      events.push(event.json);
    }
    if (events.length === 0) return;
    const sentAt = new Date(connection.environment.now()).toISOString();
    const body = `{"sent_at":"${sentAt}","events":[${events.join(',')}]}`;
    const url = `${connection.urlOf('ingestion')}/events/batch`;

    if (connection.apiKey !== undefined && page.navigator.sendBeacon !== undefined) {
      const address = `${url}${formatQuery({ partial: true, api_key: connection.apiKey })}`;
      if (page.navigator.sendBeacon(address, new Blob([body], { type: 'text/plain' }))) return;
    }
    const credential = connection.credential();
    if (typeof credential === 'object') return;
    connection
      .fetch(`${url}${formatQuery({ partial: true })}`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          ...(credential === undefined ? {} : { authorization: `Bearer ${credential}` }),
        },
        body,
        signal: new AbortController().signal,
        keepalive: true,
      })
      .catch(() => {
        // Nobody is left to tell; should the page come back, its events are still queued.
      });
  };
  page.addEventListener('pagehide', onPageHide);
  return () => page.removeEventListener('pagehide', onPageHide);
}
