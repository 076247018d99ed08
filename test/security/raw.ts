import { connect } from 'node:net';
import type { Answer } from './exchange.ts';

/** Sends bytes as they are; resolves with the first answer, when the server closes or falls silent. */
export function sendRaw(port: number, bytes: string | Buffer, silenceMs = 2000): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port });
    let text = '';
    socket.setTimeout(silenceMs, () => socket.destroy());
    socket.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
    });
    socket.on('error', (error) => {
      // A server that has said no may close while the rest is still on its way.
      if (text === '') reject(error);
    });
    socket.on('close', () => resolve(parse(text)));
    socket.write(bytes);
  });
}

function parse(text: string): Answer {
  const [head = '', ...body] = text.split('\r\n\r\n');
  const [statusLine = '', ...lines] = head.split('\r\n');
  const headers = Object.fromEntries(
    lines.map((line): [string, string] => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
    }),
  );
  return { status: Number(statusLine.split(' ')[1] ?? 0), headers, text: body.join('\r\n\r\n') };
}
