import { ingestionSocket } from '@streamflow/contracts';
import type { Clock } from '../../domain/clock.ts';
import type { EventTypes } from '../../domain/events/event-types.ts';
import type { EventLimits } from '../../domain/events/limits.ts';
import { createNormalise } from '../../domain/events/normalise.ts';
import { createTakeReceipt } from '../../domain/events/receipt.ts';
import { createUuidV7, type FillRandom } from '../../domain/events/uuid-v7.ts';
import type { Log } from '../../domain/log.ts';
import { systemTimers, type Timers } from '../../domain/timers.ts';
import type { Tracing } from '../../domain/tracing.ts';
import type { Bus } from '../../engines/bus/port.ts';
import type { EventStore } from '../../engines/event-store/port.ts';
import type { MountedSocket, Principal, Service } from '../../http/service.ts';
import type { AcceptanceLedger } from '../../ledger/acceptance-ledger.ts';
import { createEventRoute } from './create-event.ts';
import { createEventBatchRoute } from './create-event-batch.ts';
import { getEventRoute } from './get-event.ts';
import type { Intake } from './intake.ts';
import { type IngestionObserver, silentObserver } from './observer.ts';
import { createPublisher, type PublisherLimits } from './publisher.ts';
import { createRecentIds } from './recent-ids.ts';
import { defaultSocketLimits, type SocketLimits, startSession } from './socket-session.ts';

export interface IngestionOptions {
  readonly bus: Pick<Bus, 'publish' | 'ping'>;
  readonly events: Pick<EventStore, 'get' | 'ping'>;
  /** Where it counts what it accepts. */
  readonly ledger: AcceptanceLedger;
  readonly clock: Clock;
  readonly timers?: Timers;
  readonly fillRandom: FillRandom;
  readonly limits: EventLimits;
  readonly types: EventTypes;
  /** Largest frame of the socket, bytes; the body limit. */
  readonly maxBodyBytes: number;
  /** Take events from sockets without credentials, into this project; null when they must authenticate. */
  readonly anonymousProject: string | null;
  readonly observer?: IngestionObserver;
  readonly log: Log;
  readonly tracing?: Tracing | null;
  readonly publisherLimits?: Partial<PublisherLimits>;
  readonly socketLimits?: Partial<SocketLimits>;
}

/** Takes events in over HTTP and WebSocket and answers when they are durable. */
export function createIngestion(options: IngestionOptions): Service {
  const {
    bus,
    events,
    ledger,
    clock,
    limits,
    log,
    timers = systemTimers,
    observer = silentObserver,
  } = options;
  const publisher = createPublisher({
    bus,
    observer,
    counts: ledger.counts,
    log,
    limits: options.publisherLimits ?? {},
    tracing: options.tracing ?? null,
  });
  const recent = createRecentIds({ clock });
  const newId = createUuidV7(clock, options.fillRandom);
  const intake: Intake = {
    clock,
    limits,
    normalise: createNormalise({ types: options.types, limits }, newId),
    takeReceipt: createTakeReceipt(clock),
    publisher,
    recent,
    observer,
    counts: ledger.counts,
  };
  const sessionOptions = {
    intake,
    timers,
    log,
    anonymous: options.anonymousProject === null ? null : anonymousPrincipal(options.anonymousProject),
    limits: { ...defaultSocketLimits, ...options.socketLimits },
    tracing: options.tracing ?? null,
  };
  let openSockets = 0;

  const socket: MountedSocket = {
    path: ingestionSocket.path,
    summary: ingestionSocket.summary,
    contract: ingestionSocket,
    maxFrameBytes: options.maxBodyBytes,
    permission: ingestionSocket.permission,
    connect(connection, context) {
      openSockets += 1;
      connection.once('close', () => {
        openSockets -= 1;
      });
      startSession(connection, context, sessionOptions);
    },
  };

  return {
    name: 'ingestion',
    routes: [
      createEventRoute(intake),
      createEventBatchRoute(intake),
      getEventRoute({ events, recent, timers, clock }),
    ],
    sockets: [socket],
    checks: { database: () => events.ping(), message_broker: () => bus.ping() },
    essentialChecks: ['message_broker'],
    figures: { websocket_connections: () => openSockets },
    start: () => ledger.start(),
    async stop() {
      await publisher.drain();
      await ledger.stop();
    },
  };
}

const anonymousPrincipal = (project: string): Principal => ({
  kind: 'anonymous',
  id: 'anonymous',
  name: 'anonymous',
  role: null,
  permissions: new Set(['events:write']),
  project,
});
