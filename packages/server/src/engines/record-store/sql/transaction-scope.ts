import type { RecordReader, RecordTransaction } from '../port.ts';

export interface TransactionScope {
  readonly transaction: RecordTransaction;
  /** From now on the transaction cannot be used; resolves when what the work did not wait for is over as well. */
  end(): Promise<void>;
  /** What an operation was rejected with, also when the work has hidden it. */
  readonly failure: { readonly error: unknown } | null;
  /** Throws that. */
  throwFailure(): void;
}

/** What the work of a transaction is given: usable until its end, and after a failure good for nothing but that failure. */
export function openScope(
  reading: RecordReader,
  writing: Pick<RecordTransaction, 'insert' | 'update' | 'delete'>,
): TransactionScope {
  let ended = false;
  let failure: { readonly error: unknown } | null = null;
  const underWay = new Set<Promise<unknown>>();
  const throwFailure = (): void => {
    if (failure !== null) throw failure.error;
  };
  const within = async <R>(work: () => Promise<R>): Promise<R> => {
    if (ended) throw new TypeError('The transaction has ended');
    throwFailure();
    const running = work();
    underWay.add(running);
    try {
      return await running;
    } catch (error) {
      failure ??= { error };
      throw error;
    } finally {
      underWay.delete(running);
    }
  };
  return {
    async end() {
      ended = true;
      while (underWay.size > 0) await Promise.allSettled(underWay);
    },
    get failure() {
      return failure;
    },
    throwFailure,
    transaction: {
      get: (kind, ref) => within(() => reading.get(kind, ref)),
      find: (kind, key) => within(() => reading.find(kind, key)),
      list: (kind, query) => within(() => reading.list(kind, query)),
      count: (kind, filter) => within(() => reading.count(kind, filter)),
      insert: (kind, record) => within(() => writing.insert(kind, record)),
      update: (kind, ref, changes, how) => within(() => writing.update(kind, ref, changes, how)),
      delete: (kind, ref, how) => within(() => writing.delete(kind, ref, how)),
    },
  };
}
