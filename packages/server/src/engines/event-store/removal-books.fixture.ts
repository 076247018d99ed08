import type { Removal, RemovalBooks } from './port.ts';

export interface TestBooks extends RemovalBooks {
  /** Removals that were begun and neither cancelled nor, so far, ended. */
  readonly open: Map<string, Removal>;
  readonly ended: Removal[];
  readonly cancelled: string[];
  /** Does what beginning does before: take time, or throw. */
  before: (removal: Removal) => Promise<void>;
  /** Does what ending does before. */
  beforeEnd: (name: string) => Promise<void>;
  /** Lines of what was ended, by project. */
  lines(project: string): number;
}

/** Books in memory, which allow one removal at a time. */
export function createTestBooks(): TestBooks {
  const books: TestBooks = {
    open: new Map(),
    ended: [],
    cancelled: [],
    before: async () => {},
    beforeEnd: async () => {},
    async begin(removal) {
      if (books.open.size > 0) throw new Error('Another removal is open');
      books.open.set(removal.name, removal);
      await books.before(removal);
    },
    async end(name) {
      await books.beforeEnd(name);
      const removal = books.open.get(name);
      if (removal === undefined) throw new Error('It was never begun');
      books.open.delete(name);
      books.ended.push(removal);
    },
    async cancel(name) {
      if (!books.open.delete(name)) throw new Error('It was never begun');
      books.cancelled.push(name);
    },
    lines: (project) =>
      books.ended
        .flatMap(({ lines }) => lines)
        .filter((line) => line.project === project)
        .reduce((sum, { count }) => sum + count, 0),
  };
  return books;
}
