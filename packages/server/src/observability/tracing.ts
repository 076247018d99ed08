import { AsyncLocalStorage } from 'node:async_hooks';
import { type Context, ROOT_CONTEXT, SpanKind, SpanStatusCode, TraceFlags, trace } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import {
  BatchSpanProcessor,
  NodeTracerProvider,
  ParentBasedSampler,
  type SpanExporter,
  TraceIdRatioBasedSampler,
} from '@opentelemetry/sdk-trace-node';
import type { Log } from '../domain/log.ts';
import type { Span, SpanOptions, Tracing } from '../domain/tracing.ts';
import { formatTraceparent, parseTraceparent } from './traceparent.ts';

export interface TracingOptions {
  /** OTLP over HTTP, `http://host:4318/v1/traces`. */
  readonly endpoint: string;
  /** Share of the traces that begin here which is kept, 0 to 1. A caller that sampled its own is followed. */
  readonly sampleRatio: number;
  /** `service.name` of the process. */
  readonly serviceName: string;
  readonly version: string;
  readonly log: Log;
  /** Told of every batch of spans that was sent, or could not be. */
  readonly onExported: (spans: number, sent: boolean) => void;
}

export interface OpenTracing extends Tracing {
  /** Sends what is left. */
  close(): Promise<void>;
}

/** Time for one batch of spans to be taken, milliseconds. */
const exportTimeoutMs = 5000;
/** Spans that wait for being sent; what comes beyond is dropped, so that a collector that is away costs no memory. */
const maxQueueSize = 4096;

const kinds = {
  internal: SpanKind.INTERNAL,
  client: SpanKind.CLIENT,
  server: SpanKind.SERVER,
  producer: SpanKind.PRODUCER,
  consumer: SpanKind.CONSUMER,
} as const;

/** Sends spans by OTLP. This file and the libraries that it needs are loaded only when traces are to be sent. */
export function openTracing(options: TracingOptions): OpenTracing {
  const exporter = new OTLPTraceExporter({ url: options.endpoint, timeoutMillis: exportTimeoutMs });
  const provider = new NodeTracerProvider({
    resource: resourceFromAttributes({
      'service.name': options.serviceName,
      'service.version': options.version,
    }),
    sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(options.sampleRatio) }),
    spanProcessors: [
      new BatchSpanProcessor(watched(exporter, options), {
        maxQueueSize,
        exportTimeoutMillis: exportTimeoutMs,
      }),
    ],
  });
  const tracer = provider.getTracer('streamflow', options.version);
  const underWay = new AsyncLocalStorage<string>();

  const tracing: Tracing = {
    start(name: string, { kind, parent, links = [], startedAt, attributes }: SpanOptions): Span | null {
      const span = tracer.startSpan(
        name,
        {
          kind: kinds[kind],
          ...(startedAt === undefined ? {} : { startTime: startedAt }),
          ...(attributes === undefined ? {} : { attributes }),
          links: links.flatMap((link) => parseTraceparent(link) ?? []).map((context) => ({ context })),
        },
        contextOf(parent),
      );
      const context = span.spanContext();
      if ((context.traceFlags & TraceFlags.SAMPLED) === 0) return null;
      return {
        traceparent: formatTraceparent(context),
        set: (attribute, value) => void span.setAttribute(attribute, value),
        end(failure) {
          if (failure !== undefined) span.setStatus({ code: SpanStatusCode.ERROR, message: failure });
          span.end();
        },
      };
    },
    within: (span, work) => underWay.run(span.traceparent, work),
    startWithin(name, spanOptions) {
      const parent = underWay.getStore();
      return parent === undefined ? null : tracing.start(name, { ...spanOptions, parent });
    },
  };
  return {
    ...tracing,
    // It rejects with what the exporter met, which is told and counted already: lost spans do not fail a stop.
    close: () => provider.shutdown().catch(() => {}),
  };
}

function contextOf(parent: string | undefined): Context {
  const context = parent === undefined ? null : parseTraceparent(parent);
  return context === null ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, context);
}

/** A collector that is away refuses every batch: only the first and the end of it are told. */
function watched(exporter: SpanExporter, { log, endpoint, onExported }: TracingOptions): SpanExporter {
  let failing = false;
  return {
    export(spans, done) {
      exporter.export(spans, (result) => {
        const sent = result.error === undefined && result.code === 0;
        onExported(spans.length, sent);
        if (!sent && !failing) log.warning('Traces cannot be sent', { endpoint, error: result.error });
        if (sent && failing) log.info('Traces are sent again', { endpoint });
        failing = !sent;
        done(result);
      });
    },
    shutdown: () => exporter.shutdown(),
    forceFlush: async () => exporter.forceFlush?.(),
  };
}
