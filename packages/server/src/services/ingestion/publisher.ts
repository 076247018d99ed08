import { StreamFlowError, unavailable } from '../../domain/errors.ts';
import type { AcceptedEvent } from '../../domain/events/normalise.ts';
import { minuteOf } from '../../domain/ledger/minute.ts';
import type { Log } from '../../domain/log.ts';
import type { Span, Tracing } from '../../domain/tracing.ts';
import type { Bus, EventBatch } from '../../engines/bus/port.ts';
import type { MinuteCount, MinuteCounts } from '../../ledger/minute-counts.ts';
import { createJustSent } from './just-sent.ts';
import { MessageBody } from './message-body.ts';
import type { IngestionObserver } from './observer.ts';

/*
 * Requests that wait at the same moment share messages. Lines collect in one open message for each project and type
 * until the end of the event loop's turn, and, while `maxFlushesInFlight` earlier flushes are unanswered, until one of
 * them is: then they are sealed and published together as one flush. A request is answered when every message that
 * holds a line of it is durable, and refused as soon as all are answered and one is not.
 *
 *   collecting ──turn ends, flush is free──▶ published ──all durable──▶ done(null)
 *                                                    └──one rejected──▶ done(ServiceUnavailable)
 *
 * For the ledger, every line of a message is of one minute of receipt, and a line is told from all others by its id and
 * its time of receipt. An id that a client sends again within the same millisecond, in the same request or another,
 * would break that: such an event is not published, its request waits for the message of the first instead.
 */

export interface PublisherLimits {
  /** A message is sealed when it reaches so many bytes. */
  readonly maxMessageBytes: number;
  /** Bytes of messages that wait, published or not; beyond it requests are refused at once. */
  readonly maxWaitingBytes: number;
  /**
   * Flushes published and unanswered at a time. Many, so that what a turn brings already waits at the bus when the disk
   * or the broker is free again: with one it stood idle until the answers were written (measured: 0.8 of the rate).
   */
  readonly maxFlushesInFlight: number;
}

export const defaultPublisherLimits: PublisherLimits = {
  maxMessageBytes: 1024 * 1024,
  maxWaitingBytes: 32 * 1024 * 1024,
  maxFlushesInFlight: 64,
};

export interface PublisherOptions {
  readonly bus: Pick<Bus, 'publish'>;
  readonly observer: IngestionObserver;
  /** Told what became of every line. */
  readonly counts: Pick<MinuteCounts, 'of'>;
  readonly log: Log;
  readonly limits?: Partial<PublisherLimits>;
  readonly tracing?: Pick<Tracing, 'start'> | null;
  /** Runs the function at the end of the event loop's turn; `setImmediate` unless given. */
  readonly atEndOfTurn?: (run: () => void) => void;
}

/** Links of a span; a message may be shared by thousands of requests. */
const maxLinks = 32;

/** Called once: with null when every line is durable, with the reason when some may not be. */
export type PublishDone = (error: StreamFlowError | null) => void;

export interface Publisher {
  /**
   * Publishes the events of one request, received at that moment (milliseconds since the epoch, as in their lines); `traceparent`
   * is that of a request that is traced.
   * `done` is never called before this returns.
   */
  publish(
    project: string,
    receivedAt: number,
    events: readonly AcceptedEvent[],
    done: PublishDone,
    traceparent?: string,
  ): void;
  /** Refuses what comes from now on, and resolves when everything before is answered. */
  drain(): Promise<void>;
}

/** A request that waits for the messages which hold its lines. */
interface Waiting {
  messages: number;
  error: StreamFlowError | null;
  readonly traceparent: string | undefined;
  readonly done: PublishDone;
}

interface OpenMessage {
  readonly project: string;
  readonly type: string;
  readonly label: string;
  readonly body: MessageBody;
  readonly waiting: Waiting[];
  /** Start of the minute of receipt of all its lines. */
  readonly minute: number;
  readonly tally: MinuteCount;
  count: number;
  /** Events that met a line of it at the edge. */
  repeats: number;
  hasClientIds: boolean;
  state: 'waiting' | 'durable' | 'rejected';
}

/** A line with an id of a client, and the message that holds it. */
interface SentLine {
  readonly line: string;
  readonly message: OpenMessage;
}

export function createPublisher(options: PublisherOptions): Publisher {
  const { bus, observer, counts, log, tracing = null, atEndOfTurn = setImmediate } = options;
  const limits = { ...defaultPublisherLimits, ...options.limits };
  /** Open messages by project and type. */
  let open = new Map<string, Map<string, OpenMessage>>();
  /** Messages that are full. */
  let sealed: OpenMessage[] = [];
  const justSent = createJustSent<SentLine>();
  /** Lines in open and sealed messages. */
  let collected = 0;
  let waitingBytes = 0;
  let flushesInFlight = 0;
  let isScheduled = false;
  let isFailing = false;
  let isDraining = false;
  let drained: (() => void) | null = null;

  const openMessage = (project: string, receivedAt: number, { type, label }: AcceptedEvent): OpenMessage => {
    const minute = minuteOf(receivedAt);
    let types = open.get(project);
    if (types === undefined) {
      types = new Map();
      open.set(project, types);
    }
    let message = types.get(type);
    if (
      message !== undefined &&
      (message.body.length >= limits.maxMessageBytes || message.minute !== minute)
    ) {
      sealed.push(message);
      message = undefined;
    }
    if (message === undefined) {
      const tally = counts.of(project, receivedAt);
      tally.pending += 1;
      message = {
        project,
        type,
        label,
        body: new MessageBody(),
        waiting: [],
        minute,
        tally,
        count: 0,
        repeats: 0,
        hasClientIds: false,
        state: 'waiting',
      };
      types.set(type, message);
    }
    return message;
  };

  const add = (project: string, receivedAt: number, event: AcceptedEvent, waiting: Waiting): OpenMessage => {
    const message = openMessage(project, receivedAt, event);
    collected += 1;
    const before = message.body.length;
    message.body.append(event.line);
    waitingBytes += message.body.length - before;
    message.count += 1;
    if (event.idFromClient) message.hasClientIds = true;
    waitFor(message, waiting);
    return message;
  };

  /** Adds an event whose id a client chose, unless the id came within this millisecond already. */
  const addOnce = (
    project: string,
    receivedAt: number,
    event: AcceptedEvent,
    waiting: Waiting,
    sent: Map<string, SentLine>,
  ): void => {
    const twin = sent.get(event.id);
    // What was rejected may not be durable: the second is published like any other.
    if (twin === undefined || twin.message.state === 'rejected') {
      sent.set(event.id, { line: event.line, message: add(project, receivedAt, event, waiting) });
      return;
    }
    const { message } = twin;
    observer.repeated(twin.line !== event.line);
    if (message.state === 'durable') countRepeats(message, 1);
    else {
      message.repeats += 1;
      waitFor(message, waiting);
    }
  };

  const countRepeats = ({ tally, label }: OpenMessage, repeats: number): void => {
    tally.accepted += repeats;
    tally.repeated += repeats;
    observer.accepted(label, repeats);
  };

  const schedule = (): void => {
    if (isScheduled || flushesInFlight >= limits.maxFlushesInFlight) return;
    isScheduled = true;
    atEndOfTurn(flush);
  };

  const flush = (): void => {
    isScheduled = false;
    collected = 0;
    const messages = sealed;
    for (const types of open.values()) messages.push(...types.values());
    open = new Map();
    sealed = [];
    flushesInFlight += 1;
    let left = messages.length;
    for (const message of messages) {
      const span = tracing === null ? null : startSpan(tracing, message);
      const settle = (error: StreamFlowError | null): void => {
        span?.end(error?.message);
        waitingBytes -= message.body.length;
        left -= 1;
        if (left === 0) flushesInFlight -= 1;
        const { tally, count, repeats } = message;
        tally.pending -= 1;
        if (error === null) {
          message.state = 'durable';
          tally.accepted += count;
          observer.accepted(message.label, count);
          if (repeats > 0) countRepeats(message, repeats);
        } else {
          message.state = 'rejected';
          tally.unanswered += count;
          observer.refused('unavailable', count + repeats);
        }
        tellOfFailure(error);
        answer(message.waiting, error);
        if (collected > 0) schedule();
        else if (waitingBytes === 0) drained?.();
      };
      publishTo(bus, eventBatch(message, span?.traceparent)).then(
        () => settle(null),
        (reason: unknown) => settle(unanswered(reason)),
      );
    }
  };

  /** A bus that is away refuses thousands of messages a second: only the first and the end of it are told. */
  const tellOfFailure = (error: StreamFlowError | null): void => {
    if (error !== null && !isFailing) log.warning('Publishing events fails', { error: error.cause ?? error });
    if (error === null && isFailing) log.info('Publishing events works again');
    isFailing = error !== null;
  };

  return {
    publish(project, receivedAt, events, done, traceparent) {
      if (isDraining || waitingBytes >= limits.maxWaitingBytes) {
        const reason = isDraining ? 'The service is stopping' : 'Too many events are waiting to be stored';
        observer.refused(isDraining ? 'unavailable' : 'overloaded', events.length);
        counts.of(project, receivedAt).refused += events.length;
        atEndOfTurn(() => done(unavailable(reason)));
        return;
      }
      const waiting: Waiting = { messages: 0, error: null, traceparent, done };
      let sent: Map<string, SentLine> | null = null;
      for (const event of events) {
        if (event.idFromClient) {
          sent ??= justSent.at(project, receivedAt);
          addOnce(project, receivedAt, event, waiting, sent);
        } else add(project, receivedAt, event, waiting);
      }
      if (waiting.messages === 0) atEndOfTurn(() => done(null));
      if (collected > 0) schedule();
    },
    drain() {
      isDraining = true;
      if (waitingBytes === 0) return Promise.resolve();
      return new Promise((resolve) => {
        drained = resolve;
      });
    },
  };
}

/** A bus that throws instead of rejecting must not leave a request without an answer. */
async function publishTo(bus: Pick<Bus, 'publish'>, batch: EventBatch): Promise<void> {
  await bus.publish([batch]);
}

function eventBatch(
  { project, type, body, count, hasClientIds }: OpenMessage,
  traceparent: string | undefined,
): EventBatch {
  const headers = { schema: 1, project, type, count, client_ids: hasClientIds } as const;
  return {
    headers: traceparent === undefined ? headers : { ...headers, traceparent },
    body: body.seal(),
  };
}

/** A span of the publish in the trace of the first request that is traced, linked to those of the others. */
function startSpan(
  tracing: Pick<Tracing, 'start'>,
  { type, label, count, waiting }: OpenMessage,
): Span | null {
  const traces = waiting.flatMap(({ traceparent }) => traceparent ?? []);
  const [parent, ...others] = traces;
  if (parent === undefined) return null;
  return tracing.start(`publish ${label}`, {
    kind: 'producer',
    parent,
    links: others.slice(0, maxLinks),
    attributes: {
      'messaging.operation.type': 'send',
      'messaging.destination.name': `events.${type}`,
      'messaging.batch.message_count': count,
    },
  });
}

/** The lines of a request are added in one go, so that it can only be the last one that waits. */
function waitFor(message: OpenMessage, waiting: Waiting): void {
  if (message.waiting.at(-1) === waiting) return;
  message.waiting.push(waiting);
  waiting.messages += 1;
}

function answer(waiting: readonly Waiting[], error: StreamFlowError | null): void {
  for (const request of waiting) {
    request.messages -= 1;
    if (error !== null) request.error = error;
    if (request.messages === 0) request.done(request.error);
  }
}

/** What the client is told: its events may be durable or not, and the same ids make sending them again safe. */
function unanswered(reason: unknown): StreamFlowError {
  if (reason instanceof StreamFlowError && reason.code === 'ServiceUnavailable') return reason;
  return unavailable('The events could not be made durable; send them again with the same ids', 1, reason);
}
