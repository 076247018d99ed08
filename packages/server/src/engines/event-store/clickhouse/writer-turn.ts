import { StreamFlowError } from '../../../domain/errors.ts';
import type { WriterLease } from './writer-lease.ts';

/** Time from one look at the claims to the next, milliseconds. */
const lookMs = 1000;

/** Waits until the lease can be had; looks also while ClickHouse is away. */
export async function awaitTurn(lease: WriterLease, signal: AbortSignal): Promise<AbortSignal> {
  for (;;) {
    signal.throwIfAborted();
    try {
      await lease.hold();
      return lease.lost;
    } catch (error) {
      if (!(error instanceof StreamFlowError) || error.code !== 'ServiceUnavailable') throw error;
    }
    await new Promise<void>((resolve) => {
      const end = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', end);
        resolve();
      };
      const timer = setTimeout(end, lookMs);
      signal.addEventListener('abort', end, { once: true });
    });
  }
}
