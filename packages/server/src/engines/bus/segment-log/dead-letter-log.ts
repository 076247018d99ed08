import { unavailable } from '../../../domain/errors.ts';
import type { Log } from '../../../domain/log.ts';
import type { DeadLetter, DeadLetterInfo, DeadLetters, QueueDepth } from '../port.ts';
import { replayEntry } from './batch-meta.ts';
import {
  type Burial,
  decodeDeadRecord,
  encodeLetter,
  encodeRemoval,
  type StoredLetter,
} from './dead-letter-record.ts';
import { type LogEntry, recordBytes } from './record.ts';
import { RecordReader, type StoredRecord } from './record-reader.ts';
import type { SegmentLog } from './segment-log.ts';

export interface DeadLetterLogOptions {
  readonly letters: SegmentLog;
  /** Bytes of letters that are neither replayed nor dropped. */
  readonly maxBytes: number;
  /** Bytes of a segment file of `letters`. */
  readonly segmentBytes: number;
  readonly log: Log;
  /** Resolves when the entry is durable in the bus's log. */
  republish(entry: LogEntry): Promise<void>;
}

/** Where a letter stands, and what can be told of it without reading it. */
interface Place {
  readonly offset: number;
  readonly bytes: number;
  readonly info: DeadLetterInfo;
}

const defaultProject = 'default';

/**
 * Dead letters in a log of their own. It is bounded and never drops: a letter that finds no room is refused, so that
 * its batch stays in its queue. An index in memory follows the log; letters that keep much of what was removed from
 * being given back are moved to the log's end.
 */
export class DeadLetterLog implements DeadLetters {
  private readonly options: DeadLetterLogOptions;
  private readonly letters: SegmentLog;
  private readonly reader: RecordReader;
  /** By id, oldest first. */
  private readonly index = new Map<string, Place>();
  private liveBytes = 0;
  private indexedTo: number;
  /** What reads or changes the index, one after the other. */
  private turn: Promise<unknown> = Promise.resolve();
  private closed = false;

  constructor(options: DeadLetterLogOptions) {
    this.options = options;
    this.letters = options.letters;
    this.reader = new RecordReader(options.letters);
    this.indexedTo = options.letters.start.offset;
  }

  /** Resolves when the letter is durable. */
  async add(burial: Burial): Promise<void> {
    const entry = encodeLetter(burial);
    const used = await this.inTurn(async () => this.liveBytes + this.letters.unflushedBytes);
    if (used + recordBytes(entry) > this.options.maxBytes) {
      this.options.log.critical('The dead letters are full and hold up their queue', {
        bytes: used,
        queue: burial.queue,
      });
      throw unavailable('The dead letters are full', 60);
    }
    await this.letters.append([entry]);
  }

  list(
    project: string,
    { offset, limit }: { readonly offset: number; readonly limit: number },
  ): Promise<{ readonly letters: readonly DeadLetterInfo[]; readonly total: number }> {
    return this.inTurn(async () => {
      const infos = [...this.index.values()].map(({ info }) => info);
      const mine = infos
        .filter((info) => projectOf(info) === project)
        .sort((one, other) => one.at - other.at);
      return { letters: mine.slice(offset, offset + limit), total: mine.length };
    });
  }

  get(project: string, id: string): Promise<DeadLetter | null> {
    return this.inTurn(async () => (await this.find(project, id))?.letter ?? null);
  }

  replay(project: string, id: string): Promise<DeadLetterInfo | null> {
    return this.remove(project, id, ({ burial }) =>
      this.options.republish(replayEntry(burial.batch, burial.queue)),
    );
  }

  drop(project: string, id: string): Promise<DeadLetterInfo | null> {
    return this.remove(project, id, async () => {});
  }

  depth(): Promise<QueueDepth> {
    return this.inTurn(async () => ({ batches: this.index.size, bytes: this.liveBytes }));
  }

  async close(): Promise<void> {
    this.closed = true;
    await this.turn;
    await this.letters.close();
  }

  private remove(
    project: string,
    id: string,
    before: (stored: StoredLetter) => Promise<void>,
  ): Promise<DeadLetterInfo | null> {
    return this.inTurn(async () => {
      const stored = await this.find(project, id);
      const place = this.index.get(id);
      if (stored === undefined || place === undefined) return null;
      await before(stored);
      await this.letters.append([encodeRemoval(id)]);
      await this.catchUp();
      await this.giveBack();
      return place.info;
    });
  }

  private async find(project: string, id: string): Promise<StoredLetter | undefined> {
    const place = this.index.get(id);
    if (place === undefined || projectOf(place.info) !== project) return undefined;
    const record = await this.recordAt(place.offset);
    if (record?.offset !== place.offset) return undefined;
    const decoded = decodeDeadRecord(record);
    return decoded.kind === 'letter' ? decoded.stored : undefined;
  }

  private inTurn<R>(work: () => Promise<R>): Promise<R> {
    if (this.closed) return Promise.reject(unavailable('The bus is closed'));
    const mine = this.turn.then(async () => {
      await this.catchUp();
      return work();
    });
    // The next one does not depend on how this one ends, which its caller is told.
    this.turn = mine.catch(() => {});
    return mine;
  }

  /** Brings the index up to the end of the log. */
  private async catchUp(): Promise<void> {
    while (this.indexedTo < this.letters.end.offset) {
      const record = await this.recordAt(this.indexedTo);
      if (record === undefined) return;
      this.indexedTo = record.end;
      this.note(record);
    }
  }

  /** The record at the place, or the first one behind what is damaged there; undefined at the end. */
  private async recordAt(offset: number): Promise<StoredRecord | undefined> {
    let at = offset;
    while (at < this.letters.end.offset) {
      const record = this.reader.peek(at);
      if (record !== undefined) return record;
      const skippedTo = await this.reader.load(at);
      if (skippedTo !== undefined) at = skippedTo.offset;
    }
    return undefined;
  }

  private note(record: StoredRecord): void {
    const decoded = decodeDeadRecord(record);
    if (decoded.kind === 'unknown') {
      this.options.log.error('A dead letter of an unknown form was passed over', { offset: record.offset });
      return;
    }
    const id = decoded.kind === 'letter' ? decoded.stored.letter.id : decoded.id;
    this.liveBytes -= this.index.get(id)?.bytes ?? 0;
    if (decoded.kind === 'removed') {
      this.index.delete(id);
      return;
    }
    const { queue, reason, at, batch, bytes } = decoded.stored.letter;
    const place = { offset: record.offset, bytes: record.end - record.offset };
    this.liveBytes += place.bytes;
    this.index.set(id, { ...place, info: { id, queue, reason, at, batch, bytes } });
  }

  /** Gives disk space back, as far as no letter stands before it; moves letters when that holds too much. */
  private async giveBack(): Promise<void> {
    this.trim();
    const { segmentBytes } = this.options;
    const used = this.letters.end.offset - this.letters.start.offset;
    if (used < 2 * this.liveBytes + 2 * segmentBytes) return;
    const before = this.letters.start.offset + used / 2;
    for (const [id, { offset }] of [...this.index]) {
      if (offset >= before) continue;
      const record = await this.recordAt(offset);
      const decoded = record?.offset === offset ? decodeDeadRecord(record) : undefined;
      if (decoded?.kind === 'letter') await this.letters.append([encodeLetter(decoded.stored.burial, id)]);
    }
    await this.catchUp();
    this.trim();
  }

  private trim(): void {
    let keep = this.letters.end.offset;
    for (const { offset } of this.index.values()) keep = Math.min(keep, offset);
    this.letters.trim(keep);
  }
}

const projectOf = ({ batch }: DeadLetterInfo): string => batch?.project ?? defaultProject;
