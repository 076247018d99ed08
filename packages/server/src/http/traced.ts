import type { RouteContract } from '@streamflow/contracts';
import type { Span, Tracing } from '../domain/tracing.ts';
import type { OnRequest } from './gate.ts';

/** The hook before a route, within a span of the request. Names and attributes are those of OpenTelemetry for HTTP. */
export function traced(
  tracing: Tracing,
  { method, path }: Pick<RouteContract, 'method' | 'path'>,
  onRequest: OnRequest,
): OnRequest {
  const name = `${method} ${path}`;
  return (request, reply, done) => {
    const { traceparent } = request.raw.headers;
    request.span = tracing.start(name, {
      kind: 'server',
      parent: typeof traceparent === 'string' ? traceparent : undefined,
      attributes: {
        'http.request.method': method,
        'http.route': path,
        'streamflow.correlation_id': request.id,
      },
    });
    onRequest(request, reply, done);
  };
}

export function endSpan(span: Span, status: number): void {
  span.set('http.response.status_code', status);
  span.end(status >= 500 ? `answered ${status}` : undefined);
}
