import type { ConsumeOptions } from '../port.ts';

/** One consumption of a queue: what it may still take. */
export class QueueConsumer {
  readonly options: ConsumeOptions;
  paused = false;
  closed = false;
  private bytes = 0;
  private batches = 0;

  constructor(options: ConsumeOptions) {
    this.options = options;
  }

  /** Whether it takes anything now; `fits` decides about a certain batch. */
  get ready(): boolean {
    return !this.paused && !this.closed && this.batches < this.options.prefetchCount;
  }

  /** One batch is always allowed, however large it is. */
  fits(bodyBytes: number): boolean {
    return this.ready && (this.batches === 0 || this.bytes + bodyBytes <= this.options.prefetchBytes);
  }

  took(bodyBytes: number): void {
    this.bytes += bodyBytes;
    this.batches++;
  }

  answered(bodyBytes: number): void {
    this.bytes -= bodyBytes;
    this.batches--;
  }
}
