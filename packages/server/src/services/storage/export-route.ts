import type { Event } from '@streamflow/contracts';
import { exportEvents } from '@streamflow/contracts';
import type { Clock } from '../../domain/clock.ts';
import type { Log } from '../../domain/log.ts';
import type { EventStore } from '../../engines/event-store/port.ts';
import type { MountedRoute } from '../../http/service.ts';
import { csvHeader, csvRow } from './event-csv.ts';
import { openPageStream } from './page-stream.ts';
import type { ExportRequest } from './parse-event-query.ts';
import { parseExportQuery } from './parse-event-query.ts';

export interface ExportRouteOptions {
  readonly events: Pick<EventStore, 'export'>;
  readonly clock: Clock;
  readonly log: Log;
}

type Format = ExportRequest['format'];

const contentTypes: Readonly<Record<Format, string>> = {
  ndjson: 'application/x-ndjson',
  csv: 'text/csv; charset=utf-8',
};
const ndjsonLine = (event: Event): string => `${JSON.stringify(event)}\n`;

/**
 * Streams events as the client reads them. The query ends with the stream, in the engine too: when all is read, when
 * the client leaves, and when it fails. A failure before the first event is answered as an error; a later one breaks
 * the connection, since an answer that ends properly would look complete.
 */
export function exportRoute({ events, clock, log }: ExportRouteOptions): MountedRoute {
  return {
    contract: exportEvents,
    async handle({ query, principal, request, reply, signal, correlationId }) {
      const { filter, order, format, limit } = parseExportQuery(query, principal.project);
      reply.header('content-type', contentTypes[format]);
      reply.header('content-disposition', `attachment; filename="${fileName(clock, format)}"`);
      // Fastify answers HEAD by reading what GET would answer to its end.
      if (request.method === 'HEAD') return '';
      const ended = new AbortController();
      const pages = events.export(
        { filter, order, ...(limit === undefined ? {} : { limit }) },
        { signal: AbortSignal.any([signal, ended.signal]) },
      );
      const stream = await openPageStream(pages, {
        head: format === 'csv' ? csvHeader : '',
        toText: format === 'csv' ? csvRow : ndjsonLine,
        release: () => ended.abort(),
      });
      stream.once('error', (error) => {
        if (!signal.aborted)
          log.error('An export broke off', { error, correlation_id: correlationId, format });
      });
      return stream;
    },
  };
}

/** `streamflow-events-20231201T120000Z.csv`. */
function fileName(clock: Clock, format: Format): string {
  const time = new Date(clock.now()).toISOString().slice(0, 19).replaceAll(/[-:]/g, '');
  return `streamflow-events-${time}Z.${format}`;
}
