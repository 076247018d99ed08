import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type RequestListener, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { StreamFlow } from '@streamflow/client';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createUnixSocketFetch, type UnixSocketFetch } from './unix-socket-fetch.ts';

let directory: string;
let server: Server;
let socket: UnixSocketFetch;
let handle: RequestListener;
let connections = 0;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'streamflow-socket-'));
  const path = join(directory, 'control.sock');
  connections = 0;
  server = createServer((request, response) => handle(request, response));
  server.on('connection', () => {
    connections += 1;
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  socket = createUnixSocketFetch(path);
});

afterEach(async () => {
  socket.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await rm(directory, { recursive: true });
});

const request = (method: string, body?: string) => ({
  method,
  headers: { accept: 'application/json' },
  signal: new AbortController().signal,
  ...(body === undefined ? {} : { body }),
});

describe('fetch over a Unix socket', () => {
  it('carries method, path, query, headers, body and the answer', async () => {
    handle = (incoming, response) => {
      let text = '';
      incoming.on('data', (chunk) => {
        text += chunk;
      });
      incoming.on('end', () => {
        response.writeHead(201, {
          'X-Seen': `${incoming.method} ${incoming.url} ${incoming.headers.accept}`,
        });
        response.end(text.toUpperCase());
      });
    };
    const response = await socket.fetch('http://localhost/storage/events?a=1&a=2', request('POST', 'größe'));
    expect(response.status).toBe(201);
    expect(response.headers.get('x-seen')).toBe('POST /storage/events?a=1&a=2 application/json');
    expect(response.headers.get('x-none')).toBeNull();
    expect(await response.text()).toBe('GRÖSSE');
  });

  it('keeps its connection', async () => {
    handle = (_, response) => response.end('{}');
    for (let n = 0; n < 5; n++) await (await socket.fetch('http://localhost/', request('GET'))).text();
    expect(connections).toBe(1);
  });

  it('streams an answer as it comes, and ends it when the reader has enough', async () => {
    const gone = new Promise((resolve) => {
      handle = (_, response) => {
        response.write('{"id":"1"}\n');
        response.on('close', resolve);
      };
    });
    const client = new StreamFlow({ storageUrl: 'http://localhost/storage', fetch: socket.fetch });
    for await (const event of client.events.export()) {
      expect(event.id).toBe('1');
      break;
    }
    await gone;
  });

  it('says when a streamed answer ends before its end', async () => {
    handle = (_, response) => {
      response.write('{"id":"1"}\n{"id"');
      setImmediate(() => response.destroy());
    };
    const client = new StreamFlow({ storageUrl: 'http://localhost/storage', fetch: socket.fetch });
    const seen: string[] = [];
    const read = async () => {
      for await (const event of client.events.export()) seen.push(event.id);
    };
    await expect(read()).rejects.toMatchObject({ code: 'ConnectionFailed' });
    expect(seen).toEqual(['1']);
  });

  it('ends a request whose signal is aborted', async () => {
    handle = () => {};
    const abort = new AbortController();
    const answer = socket.fetch('http://localhost/', { ...request('GET'), signal: abort.signal });
    abort.abort();
    await expect(answer).rejects.toMatchObject({ name: 'AbortError' });
  });

  it('rejects where nobody listens', async () => {
    const nobody = createUnixSocketFetch(join(directory, 'none.sock'));
    await expect(nobody.fetch('http://localhost/', request('GET'))).rejects.toMatchObject({ code: 'ENOENT' });
  });
});
