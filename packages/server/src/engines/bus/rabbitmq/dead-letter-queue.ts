import { randomUUID } from 'node:crypto';
import { AMQPError, type Channel, type Connection } from 'rabbitmq-client';
import { StreamFlowError, unavailable } from '../../../domain/errors.ts';
import type { Log } from '../../../domain/log.ts';
import type { DeadLetter, DeadLetterInfo, DeadLetters } from '../port.ts';
import { decodeDeadLetter, replayMessage } from './messages.ts';
import type { OutgoingMessage } from './outgoing-message.ts';
import type { Topology } from './topology.ts';
import { inTime } from './topology-keeper.ts';

/*
 * Looking at a queue means taking messages out and giving them back. While one process does, the others would see a
 * part; so whoever looks holds an exclusive queue as a lock, which the broker gives up with the connection, as it gives
 * back what the dead process had taken. A visit is bounded by a number and a time.
 */

/** Messages that one visit takes at most; those behind them come into sight as these are dealt with. */
const mostVisited = 10_000;
/** Milliseconds that a visit may take. */
const visitMs = 10_000;
/** Milliseconds between tries for the lock. */
const lockRetryMs = 50;

export interface DeadLetterQueueOptions {
  readonly connection: Connection;
  readonly topology: Topology;
  /** Milliseconds to wait for the broker, or for another process that looks. */
  readonly timeoutMs: number;
  readonly log: Log;
  publish(message: OutgoingMessage): Promise<void>;
}

/** What to do with a letter that was found: it is removed when this resolves. */
type Removal = (letter: DeadLetter) => Promise<void>;

const defaultProject = 'default';

export class DeadLetterQueue implements DeadLetters {
  private readonly options: DeadLetterQueueOptions;
  /** Visits of this process, one after the other. */
  private turn: Promise<unknown> = Promise.resolve();

  constructor(options: DeadLetterQueueOptions) {
    this.options = options;
  }

  async list(
    project: string,
    { offset, limit }: { readonly offset: number; readonly limit: number },
  ): Promise<{ readonly letters: readonly DeadLetterInfo[]; readonly total: number }> {
    const found = new Map<string, DeadLetterInfo>();
    await this.visit(async (visit) => {
      for (let letter = await visit.next(); letter !== undefined; letter = await visit.next()) {
        // Once, though a crash may have brought it here twice.
        if (projectOf(letter) === project && !found.has(letter.id)) found.set(letter.id, infoOf(letter));
      }
    });
    // What was looked at before comes back to a quorum queue in an order of its own.
    const sorted = [...found.values()].sort(
      (one, other) => one.at - other.at || (one.id < other.id ? -1 : 1),
    );
    return { letters: sorted.slice(offset, offset + limit), total: sorted.length };
  }

  get(project: string, id: string): Promise<DeadLetter | null> {
    return this.visit(async (visit) => {
      for (let letter = await visit.next(); letter !== undefined; letter = await visit.next()) {
        if (letter.id === id && projectOf(letter) === project) return letter;
      }
      return null;
    });
  }

  replay(project: string, id: string): Promise<DeadLetterInfo | null> {
    const { topology, publish } = this.options;
    return this.remove(project, id, (letter) =>
      publish(replayMessage(letter, topology.queue(letter.queue), randomUUID())),
    );
  }

  drop(project: string, id: string): Promise<DeadLetterInfo | null> {
    return this.remove(project, id, async () => {});
  }

  /** Removes every copy, and does what is to be done once. */
  private remove(project: string, id: string, before: Removal): Promise<DeadLetterInfo | null> {
    return this.visit(async (visit) => {
      let removed: DeadLetterInfo | null = null;
      for (let letter = await visit.next(); letter !== undefined; letter = await visit.next()) {
        if (letter.id !== id || projectOf(letter) !== project) continue;
        if (removed === null) await before(letter);
        removed = infoOf(letter);
        visit.remove();
      }
      return removed;
    });
  }

  private visit<R>(work: (visit: Visit) => Promise<R>): Promise<R> {
    const mine = this.turn.then(() => this.visitNow(work));
    this.turn = mine.catch(() => {});
    return mine;
  }

  private async visitNow<R>(work: (visit: Visit) => Promise<R>): Promise<R> {
    const { topology, timeoutMs } = this.options;
    let channel: Channel | undefined;
    try {
      channel = await inTime(this.lockedChannel(), timeoutMs * 2);
      const visit = new Visit(channel, topology.queue('events.dead'));
      try {
        return await inTime(work(visit), visitMs + timeoutMs);
      } finally {
        visit.giveBack();
      }
    } catch (error) {
      if (error instanceof StreamFlowError) throw error;
      throw unavailable('The dead letters on RabbitMQ cannot be read', 1, error);
    } finally {
      if (channel?.active === true) {
        // Not waited for: a broker that does not answer gives everything back by itself.
        channel.queueDelete({ queue: topology.deadLock }).then(
          () => channel?.close(),
          (error: unknown) => this.options.log.warning('The dead letters stay locked for a while', { error }),
        );
      }
    }
  }

  private async lockedChannel(): Promise<Channel> {
    const { connection, topology, timeoutMs, log } = this.options;
    const until = performance.now() + timeoutMs;
    for (;;) {
      const channel = await connection.acquire({ emitErrorsFromChannel: true });
      channel.on('error', (error) => log.debug('A look at the dead letters ended', { error }));
      try {
        await channel.queueDeclare({ queue: topology.deadLock, exclusive: true });
        return channel;
      } catch (error) {
        if (!(error instanceof AMQPError) || error.code !== 'RESOURCE_LOCKED') throw error;
        if (performance.now() > until) throw unavailable('Another process reads the dead letters', 1, error);
        await new Promise((done) => setTimeout(done, lockRetryMs));
      }
    }
  }
}

/** Takes letters one by one, and gives back those that are not removed. */
class Visit {
  private readonly channel: Channel;
  private readonly queue: string;
  private readonly until = performance.now() + visitMs;
  private lastTag = 0;
  private visited = 0;

  constructor(channel: Channel, queue: string) {
    this.channel = channel;
    this.queue = queue;
  }

  async next(): Promise<DeadLetter | undefined> {
    if (this.visited === mostVisited || performance.now() > this.until) return undefined;
    const message = await this.channel.basicGet(this.queue);
    if (message === undefined) return undefined;
    this.visited++;
    this.lastTag = message.deliveryTag;
    return decodeDeadLetter(message);
  }

  /** The letter that `next` gave last. */
  remove(): void {
    this.channel.basicAck({ deliveryTag: this.lastTag });
  }

  giveBack(): void {
    if (this.lastTag === 0 || !this.channel.active) return;
    this.channel.basicNack({ deliveryTag: this.lastTag, multiple: true, requeue: true });
  }
}

const projectOf = ({ batch }: DeadLetter): string => batch?.project ?? defaultProject;

function infoOf({ id, queue, reason, at, batch, bytes }: DeadLetter): DeadLetterInfo {
  return { id, queue, reason, at, batch, bytes };
}
