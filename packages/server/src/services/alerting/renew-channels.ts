import { StreamFlowError } from '../../domain/errors.ts';
import type { Log } from '../../domain/log.ts';
import { alertChannels } from '../../domain/records/alert-rules.ts';
import type { RecordStore } from '../../engines/record-store/port.ts';
import { readAll } from './evaluator-memory.ts';
import type { Sealing } from './sealing.ts';

/**
 * Seals anew what is secret of channels that were sealed with a key of before, each by itself: a process that dies leaves
 * some of them to the next start, and all can be opened meanwhile. Afterwards the old key is of no use any more.
 */
export async function renewChannels(options: {
  readonly records: RecordStore;
  readonly project: string;
  readonly sealing: Sealing;
  readonly log: Log;
}): Promise<void> {
  const { records, project, sealing, log } = options;
  let renewed = 0;
  for (const { id, name, type } of await readAll(records, alertChannels, { project }))
    try {
      const isRenewed = await records.transaction(async (transaction) => {
        const channel = await transaction.get(alertChannels, { project, id });
        const sealed = channel === null ? null : sealing.renew(channel.sealed_config, id);
        if (sealed === null) return false;
        await transaction.update(alertChannels, { project, id }, { sealed_config: sealed });
        return true;
      });
      if (isRenewed) renewed += 1;
    } catch (error) {
      // Unreadable, or another process was faster; neither is a reason not to start.
      if (!(error instanceof StreamFlowError) || error.code !== 'Conflict') throw error;
      log.warning('A channel could not be encrypted anew', {
        channel: `${type}:${name}`,
        reason: error.message,
      });
    }
  if (renewed > 0) log.info('Channels were encrypted anew with the key of now', { channels: renewed });
}
