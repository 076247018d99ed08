import type { Span, Tracing } from './domain/tracing.ts';
import type { EventStore } from './engines/event-store/port.ts';
import { replacing } from './replacing.ts';

type Reads = Pick<EventStore, 'get' | 'find' | 'list' | 'aggregate' | 'history' | 'export' | 'audit'>;

/**
 * The event store with a span for each question that is asked on behalf of a traced request. Names and attributes are
 * those of OpenTelemetry for databases.
 */
export function traceReads(
  events: EventStore,
  tracing: Tracing,
  system: 'clickhouse' | 'postgresql',
): EventStore {
  const begin = (operation: string): Span | null =>
    tracing.startWithin(`${operation} events`, {
      kind: 'client',
      attributes: {
        'db.system.name': system,
        'db.operation.name': operation,
        'db.collection.name': 'events',
      },
    });
  const traced = async <T>(operation: string, ask: () => Promise<T>): Promise<T> => {
    const span = begin(operation);
    if (span === null) return ask();
    try {
      const answer = await ask();
      span.end();
      return answer;
    } catch (error) {
      span.end(nameOf(error));
      throw error;
    }
  };
  async function* tracedPages(...given: Parameters<EventStore['export']>): ReturnType<EventStore['export']> {
    const span = begin('export');
    let failure: string | undefined;
    try {
      yield* events.export(...given);
    } catch (error) {
      failure = nameOf(error);
      throw error;
    } finally {
      span?.end(failure);
    }
  }
  return replacing<Reads, EventStore>(events, {
    get: (...given) => traced('get', () => events.get(...given)),
    find: (...given) => traced('find', () => events.find(...given)),
    list: (...given) => traced('list', () => events.list(...given)),
    aggregate: (...given) => traced('aggregate', () => events.aggregate(...given)),
    history: (...given) => traced('history', () => events.history(...given)),
    audit: (...given) => traced('audit', () => events.audit(...given)),
    export: tracedPages,
  });
}

/** What it says may hold what somebody asked for. */
const nameOf = (error: unknown): string => (error instanceof Error ? error.name : 'failed');
