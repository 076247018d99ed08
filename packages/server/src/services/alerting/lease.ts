import type { Clock } from '../../domain/clock.ts';
import { StreamFlowError } from '../../domain/errors.ts';
import { leases } from '../../domain/records/alerts.ts';
import type { RecordStore, RecordTransaction } from '../../engines/record-store/port.ts';

/** Somebody else holds the lease by now: nothing was written. */
export class LeaseLostError extends Error {}

export interface LeaseOptions {
  readonly records: RecordStore;
  readonly clock: Clock;
  readonly project: string;
  /** What it is the right to. */
  readonly id: string;
  /** This run of this process, and no other. */
  readonly holder: string;
  /** A holder that has not renewed it for so long is taken for dead, milliseconds. */
  readonly ttlMs: number;
  /** Nobody else can be alive: a lease that somebody holds is one that a dead process left. */
  readonly alone: boolean;
}

export interface Lease {
  /** The epoch while this process holds it, null while another does. To be asked every second or so. */
  hold(): Promise<number | null>;
  /** Rejects with `LeaseLostError` unless this epoch still holds; in the transaction of whatever depends on it. */
  assert(transaction: RecordTransaction, epoch: number): Promise<void>;
  /** Gives it back, so that another need not wait. */
  release(): Promise<void>;
}

/*
 * A record whose version changes while its holder lives. Whoever wants it watches the version by its own clock, so that
 * clocks need not agree, and takes it over when the version has stood still for long enough. The epoch, checked in the
 * holder's transactions, keeps out a holder that was only slow.
 */
export function createLease(options: LeaseOptions): Lease {
  const { records, clock, id, project, holder, ttlMs, alone } = options;
  const ref = { project, id };
  let held: { epoch: number; renewedAt: number } | null = null;
  let seen: { version: number; since: number } | null = null;

  const take = async (epoch: number, write: () => Promise<unknown>): Promise<number | null> => {
    try {
      await write();
    } catch (error) {
      if (error instanceof StreamFlowError && error.code === 'Conflict') return null;
      throw error;
    }
    held = { epoch, renewedAt: clock.now() };
    return epoch;
  };

  return {
    async hold() {
      const now = clock.now();
      if (held !== null && now - held.renewedAt < ttlMs / 3 && now >= held.renewedAt) return held.epoch;
      const record = await records.get(leases, ref);
      if (record === null) return take(1, () => records.insert(leases, { ...ref, holder, epoch: 1 }));
      const { version, epoch } = record;
      if (held !== null && record.holder === holder && epoch === held.epoch)
        return take(epoch, () => records.update(leases, ref, { holder }, { version }));
      held = null;
      if (seen?.version !== version) seen = { version, since: now };
      const free = record.holder === null || alone || now - seen.since >= ttlMs;
      if (!free) return null;
      return take(epoch + 1, () => records.update(leases, ref, { holder, epoch: epoch + 1 }, { version }));
    },

    async assert(transaction, epoch) {
      const record = await transaction.get(leases, ref);
      if (record?.epoch === epoch && record.holder === holder) return;
      held = null;
      throw new LeaseLostError(`The lease ${id} was taken over`);
    },

    async release() {
      if (held === null) return;
      const { epoch } = held;
      held = null;
      await records.transaction(async (tx) => {
        const record = await tx.get(leases, ref);
        if (record?.holder === holder && record.epoch === epoch)
          await tx.update(leases, ref, { holder: null });
      });
    },
  };
}
