import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, request as forward, type RequestListener } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo, Server } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../../domain/clock.ts';
import { silentLog } from '../../../domain/log.ts';
import { startTcpProxy } from '../../tcp-proxy.fixture.ts';
import { blockOf, makeEvent } from '../event-fixtures.contract.ts';
import { type ChdbServer, startChdbServer } from './chdb-server.fixture.ts';
import { openClickHouseEventStore } from './clickhouse-event-store.ts';
import { type ClickHouseServerOptions, openClickHouseServer } from './server.ts';

const run = promisify(execFile);

describe('a ClickHouse server', () => {
  let server: ChdbServer;
  let directory: string;
  const closing: (() => Promise<void>)[] = [];
  beforeAll(async () => {
    server = await startChdbServer();
    directory = await mkdtemp(path.join(os.tmpdir(), 'streamflow-tls-'));
  });
  afterAll(async () => {
    for (const close of closing) await close();
    await server.close();
    await rm(directory, { recursive: true });
  });

  const open = (options: Omit<ClickHouseServerOptions, 'newId' | 'log'>) =>
    openClickHouseServer({ newId: randomUUID, log: silentLog, ...options });

  const listen = async (front: Server): Promise<number> => {
    await new Promise<void>((resolve) => front.listen(0, '127.0.0.1', resolve));
    closing.push(() => new Promise((resolve) => front.close(() => resolve())));
    const address: AddressInfo | string | null = front.address();
    if (address === null || typeof address === 'string') throw new Error('It does not listen on TCP');
    return address.port;
  };

  /** Lets in who has the password, as ClickHouse does, and hands everything else on to chDB, which asks for none. */
  const guard: RequestListener = (request, response) => {
    const { authorization, 'x-clickhouse-user': user, 'x-clickhouse-key': key } = request.headers;
    const basic = Buffer.from(authorization?.split(' ')[1] ?? '', 'base64').toString();
    if (basic !== 'writer:s%cret:1' && `${user}:${key}` !== 'writer:s%cret:1') {
      response.statusCode = 403;
      response.setHeader('X-ClickHouse-Exception-Code', '516');
      response.end('Code: 516. DB::Exception: writer: Authentication failed. (AUTHENTICATION_FAILED)');
      return;
    }
    const { method, headers, url } = request;
    const onward = forward({ host: server.host, port: server.port, method, headers, path: url }, (answer) => {
      response.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.pipe(response);
    });
    request.pipe(onward);
  };

  it('is opened with the password of the URL or of the settings, and not without', async () => {
    const at = `127.0.0.1:${await listen(createServer(guard))}`;
    const credentials = { user: 'writer', password: 's%cret:1' };
    for (const options of [
      { url: `http://writer:${encodeURIComponent('s%cret:1')}@${at}` },
      { url: `http://${at}`, ...credentials },
      { url: `http://writer@${at}`, ...credentials, user: 'another' },
    ]) {
      const connection = await open(options);
      expect(connection.url + connection.name).not.toContain('cret');
      const store = await openClickHouseEventStore({ connection, clock: systemClock, log: silentLog });
      await store.ping();
      await store.close();
    }
    const refused = open({ url: `http://${at}`, user: 'writer', password: 'guess' });
    await expect(refused).rejects.toMatchObject({
      code: 'ServiceUnavailable',
      message: `ClickHouse at ${at} refuses us: AUTHENTICATION_FAILED`,
    });
  });

  it('is known by the certificates that are given, and by no others', async () => {
    const keyFile = path.join(directory, 'key.pem');
    const certificateFile = path.join(directory, 'certificate.pem');
    await run('openssl', [
      ...[
        'req',
        '-x509',
        '-newkey',
        'ec',
        '-pkeyopt',
        'ec_paramgen_curve:prime256v1',
        '-nodes',
        '-days',
        '2',
      ],
      ...['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'],
      ...['-keyout', keyFile, '-out', certificateFile],
    ]);
    const cert = await readFile(certificateFile);
    const port = await listen(createSecureServer({ key: await readFile(keyFile), cert }, guard));
    const options = { url: `https://localhost:${port}`, user: 'writer', password: 's%cret:1' };
    const connection = await open({ ...options, ca: cert });
    const store = await openClickHouseEventStore({ connection, clock: systemClock, log: silentLog });
    const event = makeEvent({ project: 'tls' });
    await store.append(blockOf([event]));
    expect((await store.get('tls', event.id))?.id).toBe(event.id);
    await store.close();
    await expect(open(options)).rejects.toMatchObject({ code: 'ServiceUnavailable' });
  });

  it('may go away and come back: requests are refused meanwhile, and nothing is lost or doubled', async () => {
    const proxy = await startTcpProxy(server);
    const url = `http://${proxy.host}:${proxy.port}`;
    const connection = await open({ url });
    const store = await openClickHouseEventStore({
      connection,
      database: 'going',
      clock: systemClock,
      log: silentLog,
    });
    const block = blockOf([makeEvent(), makeEvent()]);
    const next = blockOf([makeEvent()]);
    await store.append(block);
    proxy.refuse();
    for (const request of [
      () => store.ping(),
      () => store.append(next),
      () => store.get('default', randomUUID()),
      () => store.list({ filter: { project: 'default' }, order: 'desc', limit: 1 }),
      () => open({ url }),
    ])
      await expect(request()).rejects.toMatchObject({ code: 'ServiceUnavailable' });
    proxy.pass();
    await store.ping();
    expect(await store.append(next)).toMatchObject({ stored: 1 });
    expect(await store.append(block)).toMatchObject({ stored: 0, duplicates: 2 });
    await store.close();
    await proxy.close();
  });

  it('is opened by several processes at once, which all find the same tables', async () => {
    const stores = await Promise.all(
      Array.from({ length: 4 }, async () =>
        openClickHouseEventStore({
          connection: await open({ url: `http://${server.host}:${server.port}` }),
          database: 'together',
          clock: systemClock,
          log: silentLog,
        }),
      ),
    );
    await stores[3]?.append(blockOf([makeEvent()]));
    const page = await stores[0]?.list({ filter: { project: 'default' }, order: 'desc', limit: 1 });
    expect(page?.total).toBe(1);
    await Promise.all(stores.map((store) => store.close()));
  });
});
