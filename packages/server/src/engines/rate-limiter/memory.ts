import type { Clock } from '../../domain/clock.ts';
import type { RateLimitDecision, RateLimiter } from './port.ts';
import { createUseSketch } from './use-sketch.ts';

export interface MemoryRateLimiterOptions {
  readonly clock: Clock;
  /**
   * Keys that are counted each by itself in a window, 100,000 unless given (about 15 MB). Further keys of the window
   * share the cells of a sketch of 1 MB, which may count a key too high and never too low: a flood of keys cannot grow
   * memory, cannot push out the counts of others, and cannot pass a limit.
   */
  readonly maxKeys?: number;
}

const windowMs = 60_000;

/** Limits within this process. */
export function createMemoryRateLimiter(options: MemoryRateLimiterOptions): RateLimiter {
  const { clock, maxKeys = 100_000 } = options;
  const places = new Map<string, number>();
  let window = Number.NaN;
  let uses = new Map<string, { used: number }>();
  let sketch: ReturnType<typeof createUseSketch> | null = null;

  const decide = (allowed: boolean, limit: number, used: number): RateLimitDecision => ({
    allowed,
    limit,
    remaining: Math.max(0, limit - used),
    resetAt: ((window + 1) * windowMs) / 1000,
  });

  return {
    take(key, limit, cost = 1) {
      const present = Math.floor(clock.now() / windowMs);
      // Also when the clock was set back: holding on to the later window would keep its refusals until it comes again.
      if (present !== window) {
        window = present;
        uses = new Map();
        sketch = null;
      }
      const known = uses.get(key);
      if (known !== undefined) {
        if (known.used + cost > limit) return decide(false, limit, known.used);
        known.used += cost;
        return decide(true, limit, known.used);
      }
      if (uses.size < maxKeys) {
        // A refused use is not counted, so its key need not be remembered.
        if (cost > limit) return decide(false, limit, 0);
        uses.set(key, { used: cost });
        return decide(true, limit, cost);
      }
      sketch ??= createUseSketch();
      const used = sketch.count(key);
      if (used + cost > limit) return decide(false, limit, used);
      sketch.add(key, cost);
      return decide(true, limit, used + cost);
    },

    acquire(key, limit) {
      const held = places.get(key) ?? 0;
      if (held >= limit) return null;
      places.set(key, held + 1);
      let released = false;
      return () => {
        if (released) return;
        released = true;
        const left = (places.get(key) ?? 0) - 1;
        if (left > 0) places.set(key, left);
        else places.delete(key);
      };
    },

    ping: async () => undefined,
    close: async () => undefined,
  };
}
