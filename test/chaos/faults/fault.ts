import type { Cluster } from '../cluster.ts';
import type { LedgerWriter } from '../ledger.ts';
import type { Load } from '../load.ts';
import type { ShapeName } from '../shapes.ts';

/** What a fault may use. */
export interface FaultContext {
  readonly cluster: Cluster;
  readonly load: Load;
  readonly random: () => number;
  /** For events that the fault sends itself; request numbers are its own. */
  readonly ledger: LedgerWriter;
  readonly nextRequest: () => number;
  /** A number of an event that the fault sends itself; so many are set aside. */
  readonly nextEvent: (count?: number) => number;
  /** How long the fault lasts, milliseconds; where it has parts, each. */
  readonly lastingMs: number;
  /** Kills, where it kills. */
  readonly kills: number;
  /** For directories and files of its own. */
  readonly directory: string;
  /** Where the data is, on a disk of its own; null when it is on that of everybody. */
  readonly disk: string | null;
}

export interface FaultResult {
  /** When everything was allowed to work again, by `now()`. */
  readonly liftedAt: number;
  /** Processes that were killed, or died at a crash point. */
  readonly kills?: number;
  /** What was seen and has no column. */
  readonly remarks?: readonly string[];
  /** What should have happened and did not. */
  readonly problems?: readonly string[];
}

/** Longer than a publish waits for its confirm: what is silent for less goes unnoticed. */
export const beyondPublishTimeoutMs = 7000;

/** What a fault must bring about; a run in which it does not has proved nothing. */
export type Consequence = 'redelivered' | 'reconnected' | 'suppressed' | 'unanswered' | 'kills';

export interface Fault {
  readonly name: string;
  readonly shapes: readonly ShapeName[];
  /** Part of the short form of these shapes. */
  readonly short?: readonly ShapeName[];
  readonly brings: readonly Consequence[];
  /** How long it lasts unless the run says otherwise, seconds. */
  readonly lastingSeconds?: number;
  /** After so many seconds it is given up; enough for what it does unless given. */
  readonly deadlineSeconds?: number;
  run(context: FaultContext): Promise<FaultResult>;
}
