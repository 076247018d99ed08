import type { IncomingMessage } from 'node:http';
import { StreamFlowError } from '../domain/errors.ts';
import { decompress, decompressorFor, payloadTooLarge } from './content-encoding.ts';

/**
 * Reads the body of a request, decompressed, at most `maxBytes` of it. A body that is refused is read to its end and
 * thrown away: closing the connection while the client still sends would cost it the answer. Node's request timeout
 * bounds how long that may take.
 */
export function readBody(
  raw: IncomingMessage,
  maxBytes: number,
  done: (result: Buffer | StreamFlowError) => void,
): void {
  const { headers } = raw;
  let decompressor: ReturnType<typeof decompressorFor>;
  try {
    decompressor = decompressorFor(headers['content-encoding']);
  } catch (error) {
    raw.resume();
    done(error instanceof StreamFlowError ? error : new StreamFlowError('InternalError', String(error)));
    return;
  }
  if (Number(headers['content-length'] ?? 0) > maxBytes) {
    raw.resume();
    done(payloadTooLarge(maxBytes));
    return;
  }

  let first: Buffer | null = null;
  let rest: Buffer[] | null = null;
  let length = 0;
  let finished = false;
  const finish = (result: Buffer | StreamFlowError): void => {
    if (finished) return;
    finished = true;
    done(result);
  };
  raw.on('data', (chunk: Buffer) => {
    if (finished) return;
    length += chunk.length;
    if (length > maxBytes) {
      first = rest = null;
      finish(payloadTooLarge(maxBytes));
    } else if (first === null) first = chunk;
    else if (rest === null) rest = [first, chunk];
    else rest.push(chunk);
  });
  raw.on('end', () => {
    if (finished) return;
    const body = rest === null ? (first ?? Buffer.alloc(0)) : Buffer.concat(rest, length);
    if (decompressor === null) finish(body);
    else decompress(body, decompressor, maxBytes, finish);
  });
  raw.on('error', (error) => {
    finish(new StreamFlowError('BadRequest', 'The connection ended before the body did', { cause: error }));
  });
}
