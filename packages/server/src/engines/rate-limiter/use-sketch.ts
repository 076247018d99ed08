/** Counts of any number of keys in fixed memory: never too low, too high where keys share all of their cells. */
export interface UseSketch {
  count(key: string): number;
  add(key: string, uses: number): void;
}

/** Rows, each with a cell for every key; a key's count is the least of its cells. */
const rows = 4;
const cells = 1 << 16;

/** A count-min sketch of 1 MB, whose cells are raised no further than they must (conservative update). */
export function createUseSketch(): UseSketch {
  const counts = new Uint32Array(rows * cells);
  const positions = new Uint32Array(rows);

  const locate = (key: string): number => {
    // FNV-1a; the rows come from two halves of its hash (Kirsch and Mitzenmacher).
    let hash = 0x811c9dc5;
    for (let index = 0; index < key.length; index++) {
      hash = Math.imul(hash ^ key.charCodeAt(index), 0x01000193);
    }
    const step = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d) | 1;
    let least = Number.POSITIVE_INFINITY;
    for (let row = 0; row < rows; row++) {
      const position = row * cells + ((hash >>> 0) % cells);
      positions[row] = position;
      least = Math.min(least, counts[position] ?? 0);
      hash = Math.imul(hash + step, 0x85ebca6b) ^ (hash >>> 13);
    }
    return least;
  };

  return {
    count: locate,
    add(key, uses) {
      const raised = locate(key) + uses;
      for (const position of positions) counts[position] = Math.max(counts[position] ?? 0, raised);
    },
  };
}
