import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Engine } from './engine.ts';
import { TooManyStatementsError } from './session-pool.ts';
import { MalformedRequestError, readStatementRequest } from './statement-request.ts';

const maxBodyBytes = 512 * 1024 * 1024;
// Room for a long statement in the URL.
const maxHeaderBytes = 1024 * 1024;

/** The part of ClickHouse's HTTP interface that its JavaScript client uses. */
export function createHttpInterface(engine: Engine): Server {
  const server = createServer({ maxHeaderSize: maxHeaderBytes, requestTimeout: 0 }, (request, response) => {
    answer(engine, request, response).catch((error: unknown) => fail(response, error));
  });
  // The client decides how long a connection is kept.
  server.keepAliveTimeout = 0;
  return server;
}

async function answer(engine: Engine, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const gone = new AbortController();
  response.once('close', () => {
    if (!response.writableEnded) gone.abort(new Error('The client went away'));
  });
  const url = new URL(request.url ?? '/', 'http://localhost');
  if (url.pathname === '/ping') {
    await engine.ping(gone.signal);
    response.end('Ok.\n');
    return;
  }
  const body = await readBody(request);
  const statement = readStatementRequest(url, request.headers['content-type'], body);
  response.setHeader('X-ClickHouse-Query-Id', statement.queryId);
  response.setHeader('X-ClickHouse-Server-Display-Name', 'chdb');
  response.setHeader('X-ClickHouse-Timezone', 'UTC');
  response.setHeader('Content-Type', 'application/octet-stream');
  response.setHeader('X-ClickHouse-Exception-Tag', randomUUID().replaceAll('-', '').slice(0, 16));
  const summary = await engine.run(statement, { write: (chunk) => writeChunk(response, chunk) }, gone.signal);
  if (summary !== null && !response.headersSent) {
    const figures = { read_rows: String(summary.rowsRead), read_bytes: String(summary.bytesRead) };
    response.setHeader('X-ClickHouse-Summary', JSON.stringify(figures));
  }
  response.end();
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request) {
    const bytes = Buffer.isBuffer(chunk) ? chunk : Buffer.from(String(chunk));
    length += bytes.length;
    if (length > maxBodyBytes)
      throw new MalformedRequestError(`The body is larger than ${maxBodyBytes} bytes`);
    chunks.push(bytes);
  }
  return chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks);
}

async function writeChunk(response: ServerResponse, chunk: Uint8Array): Promise<void> {
  if (response.destroyed) throw new Error('The client went away');
  if (response.write(chunk)) return;
  const settled = new AbortController();
  try {
    await Promise.race([
      once(response, 'drain', { signal: settled.signal }),
      once(response, 'close', { signal: settled.signal }),
    ]);
  } finally {
    settled.abort();
  }
}

/** Code 62 is a syntax error, 202 too many simultaneous queries: what the request itself got wrong has no code here. */
function fail(response: ServerResponse, error: unknown): void {
  const message = clickHouseMessage(error);
  const code = /^Code: (\d+)/.exec(message)?.[1] ?? '1002';
  if (!response.headersSent) {
    response.statusCode = code === '202' ? 503 : code === '62' ? 400 : code === '60' ? 404 : 500;
    response.setHeader('X-ClickHouse-Exception-Code', code);
    response.setHeader('Content-Type', 'text/plain; charset=UTF-8');
    response.end(message);
    return;
  }
  if (response.destroyed) return;
  // The result has begun: the exception follows it, framed by the tag that the header announced.
  const tag = String(response.getHeader('X-ClickHouse-Exception-Tag'));
  const text = `${message}\n`;
  response.end(
    `\r\n__exception__\r\n${tag}\r\n${text}${Buffer.byteLength(text)} ${tag}\r\n__exception__\r\n`,
  );
}

function clickHouseMessage(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  if (/^Code: \d+/.test(text)) return text;
  if (error instanceof TooManyStatementsError) {
    return `Code: 202. DB::Exception: ${text}. (TOO_MANY_SIMULTANEOUS_QUERIES)`;
  }
  if (error instanceof MalformedRequestError) return `Code: 62. DB::Exception: ${text}. (SYNTAX_ERROR)`;
  return `Code: 1002. DB::Exception: ${text}. (UNKNOWN_EXCEPTION)`;
}
