import type { EventInput } from '@streamflow/contracts';
import type { FetchLike, HttpRequest, HttpResponse } from './http-types.ts';

export interface SentRequest {
  readonly url: string;
  readonly request: HttpRequest;
  /** The events of the body, when it is a batch. */
  readonly events: readonly EventInput[];
  /** Milliseconds since the epoch. */
  readonly at: number;
}

export type Answer = (sent: SentRequest) => HttpResponse | Promise<HttpResponse>;

export const answer = (
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): HttpResponse => new Response(JSON.stringify(body), { status, headers });

/** What ingestion answers to a batch; the events at the refused positions are not taken. */
export const accept =
  (...refused: readonly number[]): Answer =>
  ({ events }) =>
    answer(201, {
      success: true,
      message: 'ok',
      data: {
        event_ids: events.map(({ id }, index) => (refused.includes(index) ? null : id)),
        accepted: events.length - refused.length,
        rejected: refused.length,
        errors: refused.map((index) => ({ index, field: 'type', message: 'Invalid event type provided' })),
      },
      timestamp: '2026-01-01T00:00:00Z',
    });

export const refuse =
  (
    status: number,
    error: string,
    headers: Readonly<Record<string, string>> = {},
    details: object = {},
  ): Answer =>
  () =>
    answer(
      status,
      {
        error,
        message: `${error} happened`,
        details,
        timestamp: '2026-01-01T00:00:00Z',
        correlation_id: 'c-1',
      },
      headers,
    );

export const noNetwork: Answer = () => {
  throw new TypeError('fetch failed', { cause: new Error('connect ECONNREFUSED') });
};

/** Never answers; ends when the request is aborted. */
export const silence: Answer = ({ request }) =>
  new Promise((_, reject) => {
    request.signal.addEventListener('abort', () => reject(new DOMException('aborted', 'AbortError')));
  });

/** A fetch that answers one step of the script after the other, the last one for ever. */
export function scriptedFetch(
  now: () => number,
  ...script: readonly [Answer, ...Answer[]]
): { readonly fetch: FetchLike; readonly sent: SentRequest[] } {
  const sent: SentRequest[] = [];
  const fetch: FetchLike = async (url, request) => {
    const text = typeof request.body === 'string' ? request.body : '{}';
    const { events = [] }: { events?: EventInput[] } = JSON.parse(text);
    const record = { url, request, events, at: now() };
    sent.push(record);
    const step = script[Math.min(sent.length, script.length) - 1] ?? script[0];
    return step(record);
  };
  return { fetch, sent };
}
