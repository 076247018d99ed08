import { lookup } from 'node:dns/promises';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import type { AddressPolicy } from './address-policy.ts';
import { DeliveryError } from './notifier.ts';

export interface OutgoingRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly signal: AbortSignal;
}

/** Posts; resolves when the answer is a success and rejects with a `DeliveryError` otherwise. */
export type Post = (request: OutgoingRequest) => Promise<void>;

interface Address {
  readonly address: string;
  readonly family: number;
}

export interface GuardedPostOptions {
  readonly policy: AddressPolicy;
  readonly now: () => number;
  /** Every address of a name; that of the system unless given. */
  readonly resolve?: (hostname: string) => Promise<readonly Address[]>;
}

/** What of an answer is read: it is for people who look for the reason. */
const maxAnswerBytes = 2048;

/**
 * Posts to addresses that users chose, without letting them reach what they could not reach themselves: every address
 * that the name has must be allowed, the connection goes to one of those that were looked at, and redirects are not
 * followed.
 */
export function createGuardedPost(options: GuardedPostOptions): Post {
  const { policy, now, resolve = (hostname) => lookup(hostname, { all: true, verbatim: true }) } = options;
  return async ({ url: text, headers, body, signal }) => {
    const url = parse(text);
    const hostname = url.hostname.replace(/^\[|\]$/g, '');
    const addresses = await addressesOf(hostname, resolve);
    const refused = addresses.find(({ address }) => !policy.allows(address));
    if (refused !== undefined)
      throw new DeliveryError(
        `${hostname} is ${refused.address}, which is not a public address; see alerting.allow_private_targets`,
        { permanent: true },
      );
    // Asked again by the connection, the name could have become another address.
    const pinned: LookupFunction = (_hostname, lookupOptions, done) => {
      const [first] = addresses;
      if (lookupOptions.all === true) done(null, [...addresses]);
      else if (first !== undefined) done(null, first.address, first.family);
    };
    const send = url.protocol === 'https:' ? httpsRequest : httpRequest;
    const { response, answer } = await new Promise<{ response: IncomingMessage; answer: string }>(
      (done, failed) => {
        const outgoing = send(
          url,
          {
            method: 'POST',
            agent: false,
            lookup: pinned,
            signal,
            headers: {
              'user-agent': 'StreamFlow',
              ...headers,
              'content-length': String(Buffer.byteLength(body)),
            },
          },
          (response) => {
            let answer = '';
            response.setEncoding('utf8');
            response.on('data', (chunk: string) => {
              answer += chunk;
              if (answer.length < maxAnswerBytes) return;
              response.destroy();
              done({ response, answer });
            });
            response.on('end', () => done({ response, answer }));
            response.on('error', failed);
          },
        );
        outgoing.on('error', failed);
        outgoing.end(body);
      },
    ).catch((error: unknown) => {
      throw new DeliveryError(
        signal.aborted
          ? `${url.host} did not answer in time`
          : `${url.host} cannot be reached: ${reason(error)}`,
        { cause: error },
      );
    });
    refuseFailure(response, answer, url.host, now());
  };
}

function parse(text: string): URL {
  if (!URL.canParse(text)) throw new DeliveryError('The address is not valid', { permanent: true });
  const url = new URL(text);
  if (url.protocol === 'https:' || url.protocol === 'http:') return url;
  throw new DeliveryError('The address must begin with http:// or https://', { permanent: true });
}

async function addressesOf(
  hostname: string,
  resolve: (hostname: string) => Promise<readonly Address[]>,
): Promise<readonly Address[]> {
  const family = isIP(hostname);
  if (family !== 0) return [{ address: hostname, family }];
  const addresses = await resolve(hostname).catch((error: unknown) => {
    throw new DeliveryError(`${hostname} has no address: ${reason(error)}`, { cause: error });
  });
  if (addresses.length === 0) throw new DeliveryError(`${hostname} has no address`);
  return addresses;
}

const transientStatuses: readonly number[] = [408, 425, 429];

function refuseFailure(response: IncomingMessage, answer: string, host: string, now: number): void {
  const status = response.statusCode ?? 0;
  if (status >= 200 && status < 300) return;
  if (status >= 300 && status < 400)
    throw new DeliveryError(`${host} redirects (${status}), which is not followed`, { permanent: true });
  const shown = answer.replace(/\s+/g, ' ').trim().slice(0, 200);
  throw new DeliveryError(`${host} answered ${status}${shown === '' ? '' : `: ${shown}`}`, {
    permanent: status < 500 && !transientStatuses.includes(status),
    retryAfterMs: retryAfterMs(response.headers['retry-after'], now),
  });
}

/** A receiver that asks for more is tried again after an hour. */
const longestRetryAfterMs = 3_600_000;

function retryAfterMs(header: string | undefined, now: number): number {
  if (header === undefined) return 0;
  const wait = /^[0-9]+$/.test(header.trim()) ? Number(header) * 1000 : Date.parse(header) - now;
  return Number.isNaN(wait) ? 0 : Math.min(Math.max(0, wait), longestRetryAfterMs);
}

const reason = (error: unknown): string => (error instanceof Error ? error.message : String(error));
