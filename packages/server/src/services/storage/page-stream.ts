import { Readable } from 'node:stream';

/** Bytes that wait for a slow reader; from there on the pages wait, too. */
const bufferBytes = 256 * 1024;

export interface PageStreamOptions<T> {
  /** What stands before the first page. */
  readonly head: string;
  toText(item: T): string;
  /** Ends the work behind the pages; called once, whatever the end. */
  release(): void;
}

/**
 * A byte stream of pages: one page is fetched when the reader has room for more. The first page is fetched here, so
 * that a failure up to there rejects, and has not answered anything yet; a later one destroys the stream.
 */
export async function openPageStream<T>(
  pages: AsyncIterable<readonly T[]>,
  { head, toText, release }: PageStreamOptions<T>,
): Promise<Readable> {
  const iterator = pages[Symbol.asyncIterator]();
  let fetched: IteratorResult<readonly T[]> | null;
  try {
    fetched = await iterator.next();
  } catch (error) {
    release();
    throw error;
  }

  async function nextText(): Promise<Buffer | null> {
    for (;;) {
      const page = fetched ?? (await iterator.next());
      fetched = null;
      if (page.done === true) return null;
      if (page.value.length > 0) return Buffer.from(page.value.map(toText).join(''));
    }
  }

  const stream = new Readable({
    highWaterMark: bufferBytes,
    read() {
      nextText().then(
        (text) => stream.push(text),
        (error: Error) => stream.destroy(error),
      );
    },
    destroy(error, done) {
      // Released first: a page that is being fetched would keep `return` waiting.
      release();
      Promise.resolve(iterator.return?.()).then(
        () => done(error),
        (failure: Error) => done(error ?? failure),
      );
    },
  });
  if (head !== '') stream.push(head);
  return stream;
}
