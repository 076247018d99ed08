import { systemTimers, type Timers } from '../../../domain/timers.ts';

/*
 * Holds acknowledgements of publishers to the pace of storage, so that under more load than storage takes the backlog
 * stays level instead of growing until the log is full.
 *
 *   free ──backlog above the window──▶ paced ──backlog within the window, or nobody takes deliveries──▶ free
 *
 * While paced, an acknowledgement of so many bytes waits until storage has taken as many in since, first come, first
 * served, but no longer than `maxDelayMs`: publishers who wait for their answers slow down, and those who do not are
 * refused when the log is full. A light load beside a backlog that is being drained finds all the credit it needs. While
 * nobody takes deliveries (storage is away, or stops) there is no pace to keep, and acceptance goes on as fast as ever.
 */

/** So much of what storage takes in is let in again, so that the backlog shrinks under a steady load. */
const letInAgain = 0.95;

export interface PaceOptions {
  /** Backlog up to which nobody waits, bytes. */
  readonly windowBytes: number;
  /** Longest time that an acknowledgement is held back, milliseconds. Default 1000. */
  readonly maxDelayMs?: number;
  readonly timers?: Timers;
  /** Bytes that storage has not acknowledged. */
  backlog(): number;
  /** Whether a storage consumer takes deliveries at the moment. */
  isConsumed(): boolean;
}

interface Held {
  readonly bytes: number;
  readonly release: () => void;
}

export class Pace {
  private readonly options: PaceOptions;
  private readonly timers: Timers;
  private readonly maxDelayMs: number;
  /** Oldest first, and so by deadline. */
  private held: Held[] = [];
  /** Bytes that may be acknowledged before storage takes in more. */
  private credit = 0;
  private ended = false;

  constructor(options: PaceOptions) {
    this.options = options;
    this.timers = options.timers ?? systemTimers;
    this.maxDelayMs = options.maxDelayMs ?? 1000;
  }

  /** Resolves when durable bytes may be acknowledged; undefined when that is now. */
  hold(bytes: number): Promise<void> | undefined {
    if (this.isFree) {
      this.credit = 0;
      return undefined;
    }
    if (this.held.length === 0 && this.spend(bytes)) return undefined;
    return new Promise((resolve) => {
      const cancel = this.timers.after(this.maxDelayMs, () => {
        this.held.splice(this.held.indexOf(held), 1);
        resolve();
      });
      const held: Held = {
        bytes,
        release: () => {
          cancel();
          resolve();
        },
      };
      this.held.push(held);
    });
  }

  /** Storage has acknowledged so many bytes more, or began or ceased to take deliveries. */
  onProgress(bytes: number): void {
    if (this.isFree) {
      this.credit = 0;
      this.releaseAll();
      return;
    }
    this.credit = Math.min(this.credit + bytes * letInAgain, this.options.windowBytes);
    let count = 0;
    for (const { bytes: wanted } of this.held) {
      if (!this.spend(wanted)) break;
      count++;
    }
    for (const { release } of this.held.splice(0, count)) release();
  }

  /** Holds nothing back from now on. */
  end(): void {
    this.ended = true;
    this.releaseAll();
  }

  private get isFree(): boolean {
    return this.ended || this.options.backlog() <= this.options.windowBytes || !this.options.isConsumed();
  }

  /** What is larger than all the credit there can be takes all of it. */
  private spend(bytes: number): boolean {
    const price = Math.min(bytes, this.options.windowBytes);
    if (price > this.credit) return false;
    this.credit -= price;
    return true;
  }

  private releaseAll(): void {
    const all = this.held;
    this.held = [];
    for (const { release } of all) release();
  }
}
