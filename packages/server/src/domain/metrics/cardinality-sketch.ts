import type { ByteReader, ByteWriter } from './bytes.ts';
import { hashText, type TextHash } from './text-hash.ts';

/*
 * HyperLogLog with 2^14 registers: a standard error of 0.81 %, within 2 % for 98.6 % of all sets. Estimated as by Ertl
 * (2017), which needs no tables of corrections.
 *
 * A small set is kept as its entries: register, rank, and twelve more bits of the hash, which make its count as good as
 * exact. Whether a set is small is a matter of how many entries there are in all, so the order of merges makes no
 * difference.
 */

const precision = 14;
const registers = 2 ** precision;
const extraBits = 12;
/** As many entries as take the memory of the registers. */
const mostEntries = 4096;
/** Ranks go from 1 to one more than the bits of the hash that they are counted in. */
const rankBits = 32;
const entrySpace = 2 ** (precision + extraBits);

const rankOf = (low: number): number => Math.clz32(low) + 1;
/** Register and extra bits above, the rank in the six bits below. */
const entryOf = (high: number, low: number): number =>
  (high >>> (32 - precision - extraBits)) * 64 + rankOf(low);
const registerOf = (entry: number): number => Math.floor(entry / 64 / 2 ** extraBits);

/** How many distinct texts there are. */
export class CardinalitySketch {
  private entries: Set<number> | null = new Set();
  private ranks: Uint8Array | null = null;

  add(text: string): void {
    this.addHash(hashText(text));
  }

  addHash({ high, low }: TextHash): void {
    this.addEntry(entryOf(high, low));
  }

  write(writer: ByteWriter): void {
    if (this.ranks !== null) {
      writer.unsigned(1);
      writer.raw(this.ranks);
      return;
    }
    const sorted = [...(this.entries ?? [])].sort((a, b) => a - b);
    writer.unsigned(0);
    writer.unsigned(sorted.length);
    let before = 0;
    for (const entry of sorted) {
      writer.unsigned(entry - before);
      before = entry;
    }
  }

  /** Merges in what another sketch wrote. */
  mergeFrom(reader: ByteReader): void {
    if (reader.unsigned() === 1) {
      const ranks = this.dense();
      reader.raw(registers).forEach((rank, register) => {
        if (rank > (ranks[register] ?? 0)) ranks[register] = rank;
      });
      return;
    }
    let entry = 0;
    for (let rest = reader.unsigned(); rest > 0; rest -= 1) {
      entry += reader.unsigned();
      this.addEntry(entry);
    }
  }

  estimate(): number {
    if (this.ranks !== null) return Math.round(estimate(this.ranks));
    const found = this.entries?.size ?? 0;
    return Math.round(-entrySpace * Math.log1p(-found / entrySpace));
  }

  private addEntry(entry: number): void {
    if (this.entries === null) {
      raise(this.dense(), entry);
      return;
    }
    this.entries.add(entry);
    if (this.entries.size > mostEntries) this.dense();
  }

  private dense(): Uint8Array {
    if (this.ranks === null) {
      this.ranks = new Uint8Array(registers);
      for (const entry of this.entries ?? []) raise(this.ranks, entry);
      this.entries = null;
    }
    return this.ranks;
  }
}

function raise(ranks: Uint8Array, entry: number): void {
  const register = registerOf(entry);
  const rank = entry % 64;
  if (rank > (ranks[register] ?? 0)) ranks[register] = rank;
}

function estimate(ranks: Uint8Array): number {
  const counts = new Array<number>(rankBits + 2).fill(0);
  for (const rank of ranks) counts[rank] = (counts[rank] ?? 0) + 1;
  const share = (rank: number): number => (counts[rank] ?? 0) / registers;
  let z = registers * tau(1 - share(rankBits + 1));
  for (let rank = rankBits; rank >= 1; rank -= 1) z = 0.5 * (z + (counts[rank] ?? 0));
  z += registers * sigma(share(0));
  return (registers * registers) / (2 * Math.LN2 * z);
}

/** Of the empty registers. */
function sigma(given: number): number {
  if (given === 1) return Number.POSITIVE_INFINITY;
  let x = given;
  let y = 1;
  let z = given;
  for (let before = Number.NaN; z !== before; ) {
    x *= x;
    before = z;
    z += x * y;
    y += y;
  }
  return z;
}

/** Of the full registers. */
function tau(given: number): number {
  if (given === 0 || given === 1) return 0;
  let x = given;
  let y = 1;
  let z = 1 - given;
  for (let before = Number.NaN; z !== before; ) {
    x = Math.sqrt(x);
    before = z;
    y *= 0.5;
    z -= (1 - x) ** 2 * y;
  }
  return z / 3;
}
