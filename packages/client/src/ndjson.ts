import type { HttpBodyReader } from './http-types.ts';

/** The values of a stream of NDJSON, as they come. Ending the iteration ends the stream. */
export async function* readNdjson<T>(reader: HttpBodyReader): AsyncGenerator<T, void, undefined> {
  const decoder = new TextDecoder();
  let rest = '';
  let finished = false;
  try {
    while (!finished) {
      const { done, value } = await reader.read();
      finished = done;
      const text = rest + (value === undefined ? decoder.decode() : decoder.decode(value, { stream: true }));
      let from = 0;
      for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n', from)) {
        if (end > from) yield JSON.parse(text.slice(from, end));
        from = end + 1;
      }
      rest = text.slice(from);
    }
    if (rest.trim() !== '') yield JSON.parse(rest);
  } finally {
    if (!finished) await reader.cancel();
  }
}

/** The bytes of a stream, as they come. Ending the iteration ends the stream. */
export async function* readBytes(reader: HttpBodyReader): AsyncGenerator<Uint8Array, void, undefined> {
  let finished = false;
  try {
    while (!finished) {
      const { done, value } = await reader.read();
      finished = done;
      if (value !== undefined) yield value;
    }
  } finally {
    if (!finished) await reader.cancel();
  }
}
