import { type AddressInfo, connect } from 'node:net';
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { createEventBatch } from '@streamflow/contracts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer, type TestServer } from './server.fixture.ts';

/* Bodies over real connections: what matters here is how bytes arrive. */

const maxBodyBytes = 10_000;
let server: TestServer;
let port: number;
const handled: number[] = [];

beforeAll(async () => {
  server = await startTestServer([
    {
      contract: createEventBatch,
      body: 'raw',
      handle({ rawBody }) {
        handled.push(rawBody.length);
        return { bytes: rawBody.length, sum: rawBody.reduce((sum, byte) => sum + byte, 0) };
      },
    },
  ]);
  ({ port } = await server.listen('127.0.0.1', 0));
});
afterAll(() => server.close());

const headers = { authorization: 'Bearer writer-key', 'content-type': 'application/json' };
const post = (body: BodyInit, more: Record<string, string> = {}) =>
  fetch(`http://127.0.0.1:${port}/events/batch`, {
    method: 'POST',
    body,
    headers: { ...headers, ...more },
    duplex: 'half',
  } as RequestInit);

/** Sends bytes as they are and returns what comes back. */
function raw(...parts: (string | Buffer)[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk;
    });
    socket.on('close', () => resolve(text));
    socket.on('error', reject);
    for (const part of parts) socket.write(part);
    setTimeout(() => socket.end(), 300);
  });
}

describe('readBody', () => {
  const text = Buffer.from('a'.repeat(9000));
  it.each([
    ['gzip', gzipSync(text)],
    ['deflate', deflateSync(text)],
    ['deflate', deflateRawSync(text)],
    ['br', brotliCompressSync(text)],
    ['identity', text],
  ])('reads %s', async (encoding, body) => {
    const answer = await post(new Uint8Array(body), { 'content-encoding': encoding });
    expect(await answer.json()).toEqual({ bytes: 9000, sum: 9000 * 97 });
  });

  it.each([
    ['gzip', gzipSync(Buffer.alloc(50_000_000))],
    ['deflate', deflateSync(Buffer.alloc(maxBodyBytes + 1))],
    ['br', brotliCompressSync(Buffer.alloc(50_000_000))],
  ])('refuses a %s bomb with 413 and counts what comes out of it', async (encoding, bomb) => {
    const before = process.memoryUsage().rss;
    const answer = await post(new Uint8Array(bomb), { 'content-encoding': encoding });
    expect(answer.status).toBe(413);
    expect(await answer.json()).toMatchObject({
      error: 'PayloadTooLarge',
      details: { max_body_bytes: maxBodyBytes },
    });
    expect(process.memoryUsage().rss - before).toBeLessThan(30_000_000);
  });

  it('takes a body of exactly the limit, and refuses one byte more', async () => {
    expect((await post('x'.repeat(maxBodyBytes))).status).toBe(201);
    expect((await post('x'.repeat(maxBodyBytes + 1))).status).toBe(413);
    expect(
      (await post(new Uint8Array(gzipSync('x'.repeat(maxBodyBytes))), { 'content-encoding': 'gzip' })).status,
    ).toBe(201);
  });

  it.each([
    ['gzip', Buffer.from('this is not gzip')],
    ['gzip', gzipSync(text).subarray(0, 20)],
    ['br', Buffer.from([1, 2, 3])],
    ['deflate', Buffer.from('x')],
  ])('refuses broken %s with 400', async (encoding, body) => {
    expect((await post(new Uint8Array(body), { 'content-encoding': encoding })).status).toBe(400);
  });

  it('answers before the body has arrived when its length is over the limit, and keeps the connection', async () => {
    const handledBefore = handled.length;
    const head = `POST /events/batch HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer writer-key\r\nContent-Type: application/json\r\n`;
    const large = `${head}Content-Length: 20000\r\n\r\n`;
    const small = `${head}Content-Length: 2\r\n\r\n{}`;
    const answers = await raw(large, 'x'.repeat(20_000), small);
    expect(answers.match(/HTTP\/1.1 \d+/g)).toEqual(['HTTP/1.1 413', 'HTTP/1.1 201']);
    expect(await raw(large)).toMatch(/^HTTP\/1.1 413/);
    expect(handled.length).toBe(handledBefore + 1);
  });

  it('counts a body without a length as it comes', async () => {
    const stream = (chunks: number) =>
      new ReadableStream<Uint8Array>({
        start(controller) {
          for (let i = 0; i < chunks; i += 1) controller.enqueue(new Uint8Array(1000).fill(97));
          controller.close();
        },
      });
    expect(await (await post(stream(9))).json()).toEqual({ bytes: 9000, sum: 9000 * 97 });
    expect((await post(stream(40))).status).toBe(413);
  });

  it('answers in the documented shape to what is not HTTP', async () => {
    const answer = await raw('GET / HTTP/9.9\r\n\r\n');
    expect(answer).toMatch(/^HTTP\/1.1 400 Bad Request\r\n/);
    expect(JSON.parse(answer.slice(answer.indexOf('{')))).toMatchObject({ error: 'BadRequest', details: {} });
    expect(await raw(`GET / HTTP/1.1\r\nX: ${'x'.repeat(40_000)}\r\n\r\n`)).toMatch(/^HTTP\/1.1 431/);
  });

  it('survives clients that leave in the middle of a body', async () => {
    const head = `POST /events/batch HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer writer-key\r\nContent-Type: application/json\r\nContent-Length: 50\r\n\r\n{`;
    await new Promise<void>((resolve) => {
      const socket = connect((server.app.server.address() as AddressInfo).port, '127.0.0.1', () => {
        socket.write(head, () => socket.destroy());
      });
      socket.on('close', () => resolve());
    });
    expect((await post('{}')).status).toBe(201);
  });
});
