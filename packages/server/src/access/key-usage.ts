import type { Clock } from '../domain/clock.ts';
import type { Log } from '../domain/log.ts';
import { type ApiKeyRecord, apiKeys } from '../domain/records/api-keys.ts';
import type { RecordRef, RecordStore } from '../engines/record-store/port.ts';

/** Between two writes of what was used, and between two notes about one key. */
const periodMs = 60_000;
/** Keys of one transaction. */
const chunk = 200;
/** Keys that may wait to be written; more are noted when they come again. */
const maxPending = 10_000;

export interface KeyUsage {
  note(key: ApiKeyRecord): void;
  /** Writes what is noted. */
  flush(): Promise<void>;
}

/**
 * When keys were last used. Told at each look-up of a key, written for all of them once a minute by whichever look-up
 * comes then, so that use costs no write of its own. What is lost in a crash are the last minutes.
 */
export function createKeyUsage(options: {
  readonly records: RecordStore;
  readonly clock: Clock;
  readonly log: Log;
}): KeyUsage {
  const { records, clock, log } = options;
  const pending = new Map<string, { readonly ref: RecordRef; readonly at: number }>();
  let writing: Promise<void> = Promise.resolve();
  let writtenAt = Number.NEGATIVE_INFINITY;

  const write = async (): Promise<void> => {
    const notes = [...pending.values()];
    pending.clear();
    for (let start = 0; start < notes.length; start += chunk) {
      await records.transaction(async (tx) => {
        for (const { ref, at } of notes.slice(start, start + chunk))
          if ((await tx.get(apiKeys, ref)) !== null) await tx.update(apiKeys, ref, { last_used_at: at });
      });
    }
  };

  const flush = (): Promise<void> => {
    writtenAt = clock.now();
    writing = writing.then(write).catch((error: unknown) => {
      log.warning('The last use of API keys could not be written', { error });
    });
    return writing;
  };

  return {
    note(key) {
      const now = clock.now();
      if (key.last_used_at !== null && now - key.last_used_at < periodMs) return;
      if (pending.size < maxPending)
        pending.set(key.id, { ref: { project: key.project, id: key.id }, at: now });
      if (now - writtenAt >= periodMs) void flush();
    },
    flush,
  };
}
