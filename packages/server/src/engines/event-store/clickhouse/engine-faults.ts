import type { StatementKind, StatementObserver } from './connection.ts';
import { passingFaults, rowFaults } from './exception-codes.ts';

export interface EngineFaultsOptions {
  /** Milliseconds of a clock that nobody sets. */
  readonly now: () => number;
  /** Milliseconds for which statements of a kind must fail, and none succeed. */
  readonly patienceMs: number;
  /** Milliseconds between two restarts at least: what a restart does not heal must not be restarted all the time. */
  readonly restMs: number;
  /** Told the number of the last exception. */
  readonly onBroken: (kind: StatementKind, code: number) => void;
}

const kinds: readonly StatementKind[] = ['read', 'write'];

/**
 * Finds an engine that answers but no longer works, as after a failed write that it did not recover from: for some time
 * all statements of a kind end with an exception that is neither about their rows nor one that passes.
 */
export function createEngineFaults(options: EngineFaultsOptions): StatementObserver & { restarted(): void } {
  const { now, patienceMs, restMs, onBroken } = options;
  const since = new Map<StatementKind, number>();
  let restedUntil = Number.NEGATIVE_INFINITY;
  return {
    succeeded(kind) {
      since.delete(kind);
    },
    refused(kind, code) {
      if (passingFaults.has(code) || rowFaults.has(code)) return;
      const at = now();
      const first = since.get(kind) ?? at;
      since.set(kind, first);
      if (at - first < patienceMs || at < restedUntil) return;
      restedUntil = at + restMs;
      onBroken(kind, code);
    },
    restarted() {
      for (const kind of kinds) since.delete(kind);
    },
  };
}
