import { once } from 'node:events';
import { createServer } from 'node:http';

/** A span as OTLP/JSON has it, as far as the tests look. */
export interface ReceivedSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly name: string;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly links: readonly { readonly traceId: string; readonly spanId: string }[];
  readonly status: { readonly code?: number };
  /** `service.name` of the process. */
  readonly service: unknown;
}

interface OtlpAttribute {
  readonly key: string;
  readonly value: Readonly<Record<string, unknown>>;
}
interface OtlpSpan extends Omit<ReceivedSpan, 'attributes' | 'service' | 'links'> {
  readonly attributes: readonly OtlpAttribute[];
  readonly links?: ReceivedSpan['links'];
}
interface OtlpBody {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly OtlpAttribute[] };
    readonly scopeSpans: readonly { readonly spans: readonly OtlpSpan[] }[];
  }[];
}

export interface TraceReceiver {
  readonly endpoint: string;
  readonly spans: ReceivedSpan[];
  /** What it answers; 200 unless set. */
  status: number;
  close(): Promise<void>;
}

const plain = (attributes: readonly OtlpAttribute[]): Record<string, unknown> =>
  Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]));

/** Takes OTLP over HTTP as a collector does, and keeps the spans. */
export async function startTraceReceiver(): Promise<TraceReceiver> {
  const receiver: Pick<TraceReceiver, 'spans' | 'status'> = { spans: [], status: 200 };
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    if (request.method !== 'POST' || request.url !== '/v1/traces') return response.writeHead(404).end();
    if (receiver.status === 200) {
      const { resourceSpans }: OtlpBody = JSON.parse(Buffer.concat(chunks).toString());
      for (const { resource, scopeSpans } of resourceSpans)
        for (const { spans } of scopeSpans)
          for (const span of spans)
            receiver.spans.push({
              ...span,
              parentSpanId: span.parentSpanId ?? '',
              links: span.links ?? [],
              attributes: plain(span.attributes),
              service: plain(resource.attributes)['service.name'],
            });
    }
    response.writeHead(receiver.status, { 'content-type': 'application/json' }).end('{}');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The receiver does not listen on TCP');
  return Object.assign(receiver, {
    endpoint: `http://127.0.0.1:${address.port}/v1/traces`,
    async close() {
      server.close();
      server.closeAllConnections();
    },
  });
}
