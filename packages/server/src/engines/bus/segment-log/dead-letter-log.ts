import { unavailable } from '../../../domain/errors.ts';
import type { Log } from '../../../domain/log.ts';
import type { DeadLetter, EventBatch, EventQueue } from '../port.ts';
import { decodeBatchMeta, encodeBatchMeta } from './batch-meta.ts';
import { recordBytes } from './record.ts';
import { RecordReader } from './record-reader.ts';
import type { SegmentLog } from './segment-log.ts';

/**
 * Dead letters in a log of their own. It is bounded and never drops: a letter that finds no room is refused, so that
 * its batch stays in its queue.
 */
export class DeadLetterLog {
  private readonly letters: SegmentLog;
  private readonly maxBytes: number;
  private readonly log: Log;

  constructor(letters: SegmentLog, maxBytes: number, log: Log) {
    this.letters = letters;
    this.maxBytes = maxBytes;
    this.log = log;
  }

  /** Resolves when the letter is durable. */
  async add(letter: DeadLetter): Promise<void> {
    const meta = JSON.stringify([
      letter.queue,
      letter.at,
      letter.reason,
      encodeBatchMeta(letter.batch.headers),
    ]);
    const entry = { meta, body: letter.batch.body };
    const used = this.letters.end.offset - this.letters.start.offset + this.letters.unflushedBytes;
    if (used + recordBytes(entry) > this.maxBytes) {
      this.log.critical('The dead letters are full and hold up their queue', {
        bytes: used,
        queue: letter.queue,
      });
      throw unavailable('The dead letters are full', 60);
    }
    await this.letters.append([entry]);
  }

  /** Oldest first. */
  async list(limit: number): Promise<DeadLetter[]> {
    const found: DeadLetter[] = [];
    const reader = new RecordReader(this.letters);
    let offset = this.letters.start.offset;
    while (found.length < limit && offset < this.letters.end.offset) {
      const record = reader.peek(offset);
      if (record === undefined) {
        const skippedTo = await reader.load(offset);
        if (skippedTo !== undefined) offset = skippedTo.offset;
        continue;
      }
      offset = record.end;
      const letter = decodeLetter(record.meta, record.body);
      if (letter !== undefined) found.push(letter);
      else this.log.error('A dead letter of an unknown form was passed over', { offset: record.offset });
    }
    return found;
  }

  close(): Promise<void> {
    return this.letters.close();
  }
}

function decodeLetter(meta: string, body: EventBatch['body']): DeadLetter | undefined {
  const fields: unknown = JSON.parse(meta);
  if (!Array.isArray(fields)) return undefined;
  const [queue, at, reason, headers]: unknown[] = fields;
  if (
    !isQueue(queue) ||
    typeof at !== 'number' ||
    typeof reason !== 'string' ||
    typeof headers !== 'string'
  ) {
    return undefined;
  }
  return { batch: { headers: decodeBatchMeta(headers), body }, reason, queue, at };
}

const isQueue = (name: unknown): name is EventQueue =>
  name === 'events.storage' || name === 'events.analytics';
