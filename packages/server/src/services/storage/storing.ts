import type { Log } from '../../domain/log.ts';
import type { Bus, Consumption } from '../../engines/bus/port.ts';
import type { EventStore } from '../../engines/event-store/port.ts';
import { pause } from './back-off.ts';
import type { BlockWriter } from './block-writer.ts';

/*
 * When this process consumes the storage queue.
 *
 *   waiting ── its turn to append ──> consuming ── the turn is over ──> waiting
 *
 * Most stores let any number of processes append side by side: then there is one turn, which never ends. Where they
 * take turns, a process that may not append holds no deliveries, so that all go to the one that may. When its turn is
 * over, whatever it has not answered goes back to the queue, and its block writer is thrown away with what waits in it.
 */

export interface StoringOptions {
  readonly bus: Pick<Bus, 'consume'>;
  readonly events: Pick<EventStore, 'awaitTurn'>;
  /** Makes the writer of one turn; it is told how to hold up and resume the consumption. */
  readonly createWriter: (consumption: { pause(): void; resume(): void }) => BlockWriter;
  readonly prefetchBytes: number;
  readonly prefetchCount: number;
  /** How long `stop` may go on writing what was delivered, milliseconds. */
  readonly stopWithinMs: number;
  readonly log: Log;
}

export interface Storing {
  /** Resolves when deliveries come, or would if it were this process's turn. */
  start(): Promise<void>;
  stop(): Promise<void>;
  /** The writer of the present turn; null while it is another process's. */
  readonly writer: BlockWriter | null;
}

interface Turn {
  readonly writer: BlockWriter;
  end(withinMs: number): Promise<void>;
}

/** Time until the queue is asked for again when it could not be consumed, milliseconds. */
const retryMs = 1000;

export function createStoring(options: StoringOptions): Storing {
  const { bus, events, log } = options;
  const stopping = new AbortController();
  let turn: Turn | null = null;
  let turns: Promise<void> | null = null;

  async function begin(): Promise<Turn> {
    let consumption: Consumption | null = null;
    const writer = options.createWriter({
      pause: () => consumption?.pause(),
      resume: () => consumption?.resume(),
    });
    const consuming = await bus.consume('events.storage', {
      prefetchBytes: options.prefetchBytes,
      prefetchCount: options.prefetchCount,
      onDelivery: (delivery) => writer.take(delivery),
    });
    consumption = consuming;
    return {
      writer,
      async end(withinMs) {
        consuming.pause();
        await writer.stop(withinMs);
        await consuming.close();
      },
    };
  }

  async function takeTurns(awaitTurn: NonNullable<EventStore['awaitTurn']>): Promise<void> {
    while (!stopping.signal.aborted) {
      try {
        const lost = await awaitTurn(stopping.signal);
        turn = await begin();
        await aborted(AbortSignal.any([lost, stopping.signal]));
        const ended = turn;
        turn = null;
        await ended.end(lost.aborted ? 0 : options.stopWithinMs);
      } catch (error) {
        if (stopping.signal.aborted) return;
        log.error('Storage could not take its turn; it tries again', { error });
        await pause(retryMs, stopping.signal);
      }
    }
  }

  return {
    async start() {
      if (events.awaitTurn === undefined) turn = await begin();
      else turns = takeTurns(events.awaitTurn);
    },
    async stop() {
      stopping.abort();
      if (turns !== null) await turns;
      else await turn?.end(options.stopWithinMs);
    },
    get writer() {
      return turn?.writer ?? null;
    },
  };
}

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
