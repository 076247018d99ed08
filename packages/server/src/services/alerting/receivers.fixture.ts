import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net';
import { SMTPServer } from 'smtp-server';

/* Real receivers on loopback. */

export interface Received {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface HttpReceiver {
  readonly url: string;
  readonly received: Received[];
  /** What it answers from now on; `hang` answers never, `die` cuts the connection. */
  answer: { status: number; headers?: Record<string, string>; body?: string } | 'hang' | 'die';
  close(): Promise<void>;
}

const portOf = (address: string | AddressInfo | null): number =>
  typeof address === 'object' && address !== null ? address.port : 0;

export async function startHttpReceiver(): Promise<HttpReceiver> {
  const received: Received[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8');
    request.on('data', (chunk: string) => {
      body += chunk;
    });
    request.on('end', () => {
      received.push({ path: request.url ?? '', headers: request.headers, body });
      const { answer } = receiver;
      if (answer === 'hang') return;
      if (answer === 'die') request.socket.destroy();
      else response.writeHead(answer.status, answer.headers ?? {}).end(answer.body ?? 'ok');
    });
  });
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const receiver: HttpReceiver = {
    url: `http://127.0.0.1:${portOf(server.address())}`,
    received,
    answer: { status: 200 },
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
  return receiver;
}

export interface MailReceiver {
  readonly port: number;
  /** Whole mails, as they came. */
  readonly mails: {
    readonly from: string;
    readonly to: readonly string[];
    readonly text: string;
    readonly secure: boolean;
  }[];
  close(): Promise<void>;
}

/** A mail server with a certificate of its own making, which takes mail under TLS from who knows the password. */
export async function startMailReceiver(user: string, password: string): Promise<MailReceiver> {
  const mails: MailReceiver['mails'] = [];
  const server = new SMTPServer({
    authMethods: ['PLAIN', 'LOGIN'],
    onAuth(given, _session, done) {
      if (given.username === user && given.password === password) done(null, { user });
      else done(new Error('Wrong user or password'));
    },
    onRcptTo(address, _session, done) {
      if (address.address.startsWith('nobody@'))
        done(Object.assign(new Error('No such user'), { responseCode: 550 }));
      else done();
    },
    onData(stream, session, done) {
      let text = '';
      stream.setEncoding('utf8');
      stream.on('data', (chunk: string) => {
        text += chunk;
      });
      stream.on('end', () => {
        const { mailFrom, rcptTo } = session.envelope;
        mails.push({
          from: mailFrom === false ? '' : mailFrom.address,
          to: rcptTo.map(({ address }) => address),
          text,
          secure: session.secure,
        });
        done();
      });
    },
  });
  server.on('error', () => {});
  const listening = server.listen(0, '127.0.0.1');
  await once(listening, 'listening');
  return {
    port: portOf(listening.address()),
    mails,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

/** Takes connections and says nothing. */
export async function startSilentReceiver(): Promise<{ readonly port: number; close(): Promise<void> }> {
  const sockets = new Set<Socket>();
  const server = createTcpServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: portOf(server.address()),
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
