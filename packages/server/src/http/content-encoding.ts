import { brotliDecompress, gunzip, inflate, inflateRaw } from 'node:zlib';
import { StreamFlowError } from '../domain/errors.ts';

const acceptedEncodings = ['gzip', 'deflate', 'br'] as const;

type Decompress = (
  body: Buffer,
  options: { maxOutputLength: number },
  callback: (error: Error | null, result: Buffer) => void,
) => void;

/** `deflate` means the zlib format, but clients that send bare deflate data are as old as the header. */
const deflate: Decompress = (body, options, callback) => {
  const zlibHeader = body.length >= 2 && body.readUInt16BE(0) % 31 === 0 && (body.readUInt8(0) & 0x0f) === 8;
  return zlibHeader ? inflate(body, options, callback) : inflateRaw(body, options, callback);
};

const decompressors: ReadonlyMap<string, Decompress> = new Map<string, Decompress>([
  ['gzip', (body, options, callback) => gunzip(body, options, callback)],
  ['x-gzip', (body, options, callback) => gunzip(body, options, callback)],
  ['deflate', deflate],
  ['br', (body, options, callback) => brotliDecompress(body, options, callback)],
]);

/** The decompressor of a `Content-Encoding`; null for none. */
export function decompressorFor(encoding: string | undefined): Decompress | null {
  if (encoding === undefined) return null;
  const name = encoding.trim().toLowerCase();
  if (name === 'identity' || name === '') return null;
  const decompress = decompressors.get(name);
  if (decompress !== undefined) return decompress;
  throw new StreamFlowError('UnsupportedMediaType', 'Content-Encoding is not supported', {
    details: { field: 'Content-Encoding', allowed_values: [...acceptedEncodings] },
  });
}

export function payloadTooLarge(maxBytes: number): StreamFlowError {
  return new StreamFlowError('PayloadTooLarge', `The body is larger than ${maxBytes} bytes`, {
    details: { limit: 'limits.max_body_bytes', max_body_bytes: maxBytes },
  });
}

/** Decompresses; never holds more than `maxBytes` of what comes out. */
export function decompress(
  body: Buffer,
  decompressor: Decompress,
  maxBytes: number,
  done: (result: Buffer | StreamFlowError) => void,
): void {
  decompressor(body, { maxOutputLength: maxBytes }, (error, result) => {
    if (error === null) done(result);
    else if ('code' in error && error.code === 'ERR_BUFFER_TOO_LARGE') done(payloadTooLarge(maxBytes));
    else
      done(
        new StreamFlowError('BadRequest', 'The body is not valid in its Content-Encoding', { cause: error }),
      );
  });
}
