import { type ClientRequest, type IncomingMessage, request as requestHttp, STATUS_CODES } from 'node:http';
import { request as requestHttps } from 'node:https';
import type { Duplex } from 'node:stream';
import { pipeline } from 'node:stream';
import { type ServiceName, serviceNames } from '@streamflow/contracts';
import { StreamFlowError } from '../../domain/errors.ts';
import type { ForwardContext, Forwarder } from '../../http/service.ts';

export interface ProxyOptions {
  /** Base URL of a service, without a slash at the end. */
  readonly urlOf: (service: ServiceName) => string;
  /** Milliseconds until a service that begins no answer is given up; 60,000. */
  readonly answerTimeoutMs?: number;
}

interface Target {
  readonly service: ServiceName;
  readonly url: URL;
}

const prefix = '/api/';
/** Of one connection, and so never passed on (RFC 9110, 7.6.1). */
const hopByHop = [
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
];

/**
 * Passes `/api/<service>/*` on to the services, with the credentials of the caller, so that a browser needs one origin.
 * Bodies stream both ways and keep their coding; the services check who is calling, and whether.
 */
export function createProxy({ urlOf, answerTimeoutMs = 60_000 }: ProxyOptions): Forwarder {
  const tunnels = new Set<Duplex>();

  const open = (
    { url }: Target,
    message: IncomingMessage,
    context: ForwardContext,
    headers: Record<string, string | string[]>,
  ): ClientRequest => {
    const send = url.protocol === 'https:' ? requestHttps : requestHttp;
    const { forwarded: _, ...passed } = endToEnd(message);
    return send(url, {
      method: message.method,
      headers: {
        ...passed,
        ...headers,
        'x-correlation-id': context.correlationId,
        'x-forwarded-for': context.address,
      },
    });
  };

  return {
    takes: (target) => target.startsWith(prefix),

    request(message, response, context) {
      const target = findTarget(message.url ?? '', urlOf);
      if (target === null) return context.refuse(noSuchService());
      // The body keeps its framing: its length where it is known, chunks where it is not.
      const chunked = message.headers['transfer-encoding'] !== undefined;
      const upstream = open(target, message, context, chunked ? { 'transfer-encoding': 'chunked' } : {});
      const timeout = setTimeout(() => upstream.destroy(new Error('it began no answer')), answerTimeoutMs);
      let answered = false;
      upstream.once('response', (answer) => {
        answered = true;
        clearTimeout(timeout);
        response.writeHead(answer.statusCode ?? 502, endToEnd(answer));
        // An answer without an end must not look like one that is whole.
        pipeline(answer, response, () => {});
      });
      upstream.once('upgrade', (_answer, connection) => connection.destroy());
      upstream.on('error', (cause) => {
        clearTimeout(timeout);
        if (!answered) context.refuse(noSaneAnswer(target.service, cause));
      });
      response.once('close', () => {
        clearTimeout(timeout);
        upstream.destroy();
      });
      // A service may answer before it has read all (413); the answer counts, not that the rest had nowhere to go.
      message.pipe(upstream);
    },

    upgrade(message, connection, head, context) {
      const target = findTarget(message.url ?? '', urlOf);
      if (target === null) return context.refuse(noSuchService());
      const { upgrade } = message.headers;
      const upstream = open(target, message, context, {
        connection: 'upgrade',
        ...(upgrade === undefined ? {} : { upgrade }),
      });
      const timeout = setTimeout(() => upstream.destroy(new Error('it began no answer')), answerTimeoutMs);
      const abandon = (): void => {
        clearTimeout(timeout);
        upstream.destroy();
      };
      connection.once('close', abandon);
      upstream.once('upgrade', (answer, service, serviceHead) => {
        clearTimeout(timeout);
        connection.off('close', abandon);
        connection.write(
          `${statusLine(answer)}${headerLines({ ...endToEnd(answer), connection: 'Upgrade', upgrade: answer.headers.upgrade })}\r\n`,
        );
        if (serviceHead.length > 0) connection.write(serviceHead);
        if (head.length > 0) service.write(head);
        tunnels.add(connection);
        pipeline(service, connection, service, () => {
          tunnels.delete(connection);
          connection.destroy();
        });
      });
      upstream.once('response', (answer) => {
        clearTimeout(timeout);
        connection.write(
          `${statusLine(answer)}${headerLines({ ...endToEnd(answer), connection: 'close' })}\r\n`,
        );
        pipeline(answer, connection, () => connection.destroy());
      });
      upstream.on('error', (cause) => {
        clearTimeout(timeout);
        context.refuse(noSaneAnswer(target.service, cause));
      });
      upstream.end();
    },

    close() {
      for (const connection of tunnels) connection.destroy();
    },
  };
}

function findTarget(target: string, urlOf: ProxyOptions['urlOf']): Target | null {
  const [, name = '', rest = ''] = /^\/api\/([a-z]+)(\/.*)$/s.exec(target) ?? [];
  const service = serviceNames.find((known) => known === name);
  if (service === undefined) return null;
  const address = `${urlOf(service)}${rest}`;
  if (!URL.canParse(address)) return null;
  const url = new URL(address);
  // What passes through the dashboard once must not pass through it again: a request could go round for long.
  return service === 'dashboard' && url.pathname.startsWith(prefix) ? null : { service, url };
}

function endToEnd({ headers }: IncomingMessage): Record<string, string | string[]> {
  const named = (headers.connection ?? '').split(',').map((name) => name.trim().toLowerCase());
  const dropped = new Set([...hopByHop, ...named]);
  const passed: Record<string, string | string[]> = {};
  for (const [name, value] of Object.entries(headers))
    if (value !== undefined && !dropped.has(name)) passed[name] = value;
  return passed;
}

const statusLine = ({ statusCode = 502 }: IncomingMessage): string =>
  `HTTP/1.1 ${statusCode} ${STATUS_CODES[statusCode] ?? ''}\r\n`;

const headerLines = (headers: Readonly<Record<string, string | string[] | undefined>>): string =>
  Object.entries(headers)
    .flatMap(([name, value]) =>
      value === undefined ? [] : [value].flat().map((one) => `${name}: ${one}\r\n`),
    )
    .join('');

const noSuchService = (): StreamFlowError =>
  new StreamFlowError('NotFound', `There is no such service; there are ${serviceNames.join(', ')}`);

const noSaneAnswer = (service: ServiceName, cause: unknown): StreamFlowError =>
  new StreamFlowError('BadGateway', `The ${service} service gives no answer`, {
    details: { service },
    cause,
  });
