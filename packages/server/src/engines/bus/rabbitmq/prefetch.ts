/** A body's size before any was seen, bytes: an event or two. */
const assumedBytes = 1024;
/** AMQP counts prefetched messages in 16 bits. */
const maxPrefetch = 65_535;
/** Messages between two decisions. */
const decideEvery = 64;

/**
 * How many messages the broker may send ahead. It counts messages and knows no bytes, so that the bound by bytes is
 * kept by asking for as many as fit at the mean size of late.
 */
export class Prefetch {
  private readonly most: number;
  private readonly bytes: number;
  private meanBytes = assumedBytes;
  private seen = 0;
  count: number;

  constructor(limits: { readonly count: number; readonly bytes: number }) {
    this.most = Math.min(limits.count, maxPrefetch);
    this.bytes = limits.bytes;
    this.count = Math.min(this.fitting, 256);
  }

  /** Notes a body; true when `count` has changed by so much that the broker should be told. */
  note(bodyBytes: number): boolean {
    this.meanBytes += (bodyBytes - this.meanBytes) / 32;
    if (++this.seen % decideEvery !== 0) return false;
    const { fitting } = this;
    if (fitting > this.count / 2 && (fitting < this.count * 2 || this.count === this.most)) return false;
    this.count = fitting;
    return true;
  }

  private get fitting(): number {
    return Math.max(1, Math.min(this.most, Math.floor(this.bytes / this.meanBytes)));
  }
}
