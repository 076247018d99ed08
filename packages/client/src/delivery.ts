import type { EventBatchResult, Issue } from '@streamflow/contracts';
import { StreamFlowApiError } from './api-error.ts';
import type { Environment } from './environment.ts';
import type { Gate } from './gate.ts';
import { gzip } from './gzip.ts';
import type { RawBody, Transport } from './transport.ts';

/** An event that StreamFlow will not take, however often it is sent. */
export interface Refusal {
  /** Position in what was given to deliver. */
  readonly index: number;
  /** The reason, for a person. */
  readonly message: string;
  /** What was wrong, as far as it was said. */
  readonly issues: readonly Issue[];
}

export interface DeliverOptions {
  /** Ends the delivery; what was not answered may or may not have arrived. */
  readonly signal: AbortSignal;
  /** Sends the time of sending along, so that timestamps of a wrong clock are corrected. */
  readonly sentAt: boolean;
  /** Called before each wait for another attempt. */
  readonly onRetry?: ((error: StreamFlowApiError) => void) | undefined;
  /** Called with each answer that accepted events: when the server received them, by its own clock. */
  readonly onReceived?: ((receivedAt: string) => void) | undefined;
}

export interface DeliveryDependencies {
  readonly transport: Transport;
  readonly environment: Environment;
  readonly gate: Gate;
  /** Bodies of at least so many bytes are compressed. */
  readonly gzipFromBytes: number;
  /** Milliseconds between attempts while the credential or the address is refused. */
  readonly refusedMs: number;
}

/** Sends events, each the JSON text of one with an id, until each of them is accepted or refused. */
export type Deliver = (events: readonly string[], options: DeliverOptions) => Promise<readonly Refusal[]>;

/** Consecutive answers of 500 after which a batch is halved, to find the event on which the server fails. */
const splitAfterInternalErrors = 5;
/** Consecutive answers of 500 after which a single event counts as refused. Takes minutes, because of the waits. */
const refuseAfterInternalErrors = 10;

/** Whether waiting alone may mend it: no answer, an answer that is not StreamFlow's, an overload or a defect. */
const isTransient = ({ status, code }: StreamFlowApiError): boolean =>
  code === 'ConnectionFailed' ||
  code === 'Timeout' ||
  status >= 500 ||
  status === 408 ||
  status === 429 ||
  (status < 300 && code === 'InvalidResponse');

/** Whether the server took offence at the content. A 400 of a proxy is about something else, its 413 is not. */
const isAboutContent = ({ status, code }: StreamFlowApiError): boolean =>
  status === 413 || (code !== 'InvalidResponse' && (status === 400 || status === 422));

/*
 * A batch is sent as it is, with the same ids, until there is an answer. When the server refuses it whole and does not
 * say for which events, it is halved and the halves are sent one after the other, so that in the end only the events
 * that are bad by themselves are refused. Anything else (a credential, an address) is tried again slowly.
 */
export function createDelivery(dependencies: DeliveryDependencies): Deliver {
  const { transport, environment, gate, gzipFromBytes, refusedMs } = dependencies;

  async function attempt(events: readonly string[], options: DeliverOptions): Promise<EventBatchResult> {
    const sentAt = options.sentAt ? `"sent_at":"${new Date(environment.now()).toISOString()}",` : '';
    const text = `{${sentAt}"events":[${events.join(',')}]}`;
    const answer = await transport.exchange<{ data?: Partial<EventBatchResult>; timestamp?: unknown } | null>(
      'ingestion',
      'POST',
      '/events/batch',
      { query: { partial: true }, body: await encode(text, gzipFromBytes), signal: options.signal },
    );
    const { event_ids: ids, errors = [] } = answer?.data ?? {};
    if (!Array.isArray(ids) || ids.length !== events.length)
      throw new StreamFlowApiError({
        code: 'InvalidResponse',
        status: 200,
        message: "The answer to a batch is not StreamFlow's; is this the address of its ingestion service?",
      });
    if (typeof answer?.timestamp === 'string') options.onReceived?.(answer.timestamp);
    return { event_ids: ids, accepted: events.length - errors.length, rejected: errors.length, errors };
  }

  return async function deliver(events, options) {
    const refusals: Refusal[] = [];
    /** Positions to send, each list one request; the first is next. */
    const batches: (readonly number[])[] = [events.map((_, index) => index)];
    let internalErrors = 0;
    let refusedBefore = false;

    const refuse = (index: number, message: string, issues: readonly Issue[]): void => {
      refusals.push({ index, message, issues });
    };
    const halve = (batch: readonly number[]): void => {
      const middle = Math.ceil(batch.length / 2);
      batches.unshift(batch.slice(0, middle), batch.slice(middle));
      internalErrors = 0;
    };

    for (let batch = batches.shift(); batch !== undefined; batch = batches.shift()) {
      if (batch.length === 0) continue;
      const [first] = batch;
      if (!(await gate.pass(options.signal))) throw options.signal.reason;
      try {
        const { event_ids: ids, errors = [] } = await attempt(
          batch.map((index) => events[index] ?? ''),
          options,
        );
        gate.succeeded();
        internalErrors = 0;
        const issues = issuesByIndex(errors);
        for (const [position, index] of batch.entries())
          if (ids[position] === null)
            refuse(index, describe(issues.get(position)), issues.get(position) ?? []);
      } catch (error) {
        if (!(error instanceof StreamFlowApiError)) {
          gate.abandoned();
          throw error;
        }
        if (isAboutContent(error)) {
          // The server is there and answers: not a reason for others to wait.
          gate.succeeded();
          const issues = issuesByIndex(error.details.issues ?? []);
          const named = batch.filter((_, position) => issues.has(position));
          if (named.length > 0) {
            for (const [position, index] of batch.entries()) {
              const own = issues.get(position);
              if (own !== undefined) refuse(index, describe(own), own);
            }
            batches.unshift(batch.filter((_, position) => !issues.has(position)));
          } else if (first !== undefined && batch.length === 1)
            refuse(first, error.message, error.details.issues ?? []);
          else halve(batch);
          continue;
        }
        internalErrors = error.code === 'InternalError' ? internalErrors + 1 : 0;
        if (first !== undefined && batch.length === 1 && internalErrors >= refuseAfterInternalErrors) {
          gate.abandoned();
          refuse(first, error.message, []);
          internalErrors = 0;
          continue;
        }
        options.onRetry?.(error);
        if (isTransient(error)) gate.failed(error.retryAfter);
        else {
          // The first repetition comes soon: a token that ran out is renewed by then.
          gate.failed(error.retryAfter, refusedBefore ? refusedMs : 0);
          refusedBefore = true;
        }
        if (batch.length > 1 && internalErrors >= splitAfterInternalErrors) halve(batch);
        else batches.unshift(batch);
      }
    }
    return refusals.sort((a, b) => a.index - b.index);
  };
}

async function encode(text: string, gzipFromBytes: number): Promise<RawBody> {
  const headers = { 'content-type': 'application/json' };
  // Fewer UTF-16 units than bytes at worst compress a little less often.
  if (text.length < gzipFromBytes) return { content: text, headers };
  const compressed = await gzip(text);
  return compressed === undefined
    ? { content: text, headers }
    : { content: compressed, headers: { ...headers, 'content-encoding': 'gzip' } };
}

function issuesByIndex(issues: readonly Issue[]): ReadonlyMap<number, Issue[]> {
  const byIndex = new Map<number, Issue[]>();
  for (const issue of issues) {
    if (issue.index === undefined) continue;
    const known = byIndex.get(issue.index);
    if (known === undefined) byIndex.set(issue.index, [issue]);
    else known.push(issue);
  }
  return byIndex;
}

const describe = (issues: readonly Issue[] | undefined): string =>
  issues === undefined || issues.length === 0
    ? 'Refused without a reason'
    : issues.map(({ field, message }) => (field === '' ? message : `${field}: ${message}`)).join('; ');
