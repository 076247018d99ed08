import {
  type Channel,
  ChannelChange,
  ChannelInput,
  ChannelParams,
  type ChannelTest,
  createChannel,
  deleteChannel,
  getChannel,
  ListChannelsQuery,
  listChannels,
  testChannel,
  updateChannel,
} from '@streamflow/contracts';
import { Compile } from 'typebox/compile';
import { entityTag, matchOptions } from '../../access/routes/entity-tag.ts';
import { envelope, timeText } from '../../access/routes/envelope.ts';
import { readPage } from '../../access/routes/record-pages.ts';
import type { Clock } from '../../domain/clock.ts';
import { StreamFlowError } from '../../domain/errors.ts';
import type { Log } from '../../domain/log.ts';
import { type AlertChannelRecord, alertChannels } from '../../domain/records/alert-rules.ts';
import type { Timers } from '../../domain/timers.ts';
import type { RecordRef, RecordStore } from '../../engines/record-store/port.ts';
import type { MountedRoute } from '../../http/service.ts';
import { checkChannelConfig, shownConfig } from './channel-configs.ts';
import type { SendToChannel } from './channel-sender.ts';
import { defaultDeliveryLimits } from './delivery.ts';
import { DeliveryError } from './notifiers/notifier.ts';
import { raiseRevision } from './revision.ts';
import type { Sealing } from './sealing.ts';
import { testMessage } from './test-message.ts';

const listQuery = Compile(ListChannelsQuery);
const params = Compile(ChannelParams);
const input = Compile(ChannelInput);
const change = Compile(ChannelChange);

export interface ChannelRoutesOptions {
  readonly records: RecordStore;
  readonly sealing: Sealing;
  readonly send: SendToChannel;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly newId: () => string;
  readonly log: Log;
}

/** Channels of the caller's project. */
export function channelRoutes(options: ChannelRoutesOptions): MountedRoute[] {
  const { records, sealing, send, clock, timers, newId, log } = options;
  const refOf = (project: string, given: unknown): RecordRef => ({
    project,
    id: params.Parse(given).id.toLowerCase(),
  });
  const present = async (ref: RecordRef): Promise<AlertChannelRecord> => {
    const channel = await records.get(alertChannels, ref);
    if (channel === null) throw new StreamFlowError('NotFound', 'There is no such channel');
    return channel;
  };
  const configFields = (id: string, type: Channel['type'], config: unknown) => {
    checkChannelConfig(type, config);
    return {
      sealed_config: sealing.seal(JSON.stringify(config), id),
      shown_config: shownConfig(type, config),
    };
  };

  return [
    {
      contract: listChannels,
      handle({ query, principal: { project } }) {
        const { type, ...page } = listQuery.Parse(query);
        const where = type === undefined ? {} : { type };
        return readPage(records, alertChannels, { project, where }, page, viewChannel);
      },
    },
    {
      contract: createChannel,
      async handle({ body, principal, reply }) {
        const { project } = principal;
        const { type, name, config, enabled = true } = input.Parse(body);
        const id = newId();
        const fields = configFields(id, type, config);
        const channel = await records.transaction(async (tx) => {
          const made = await tx.insert(alertChannels, { id, project, type, name, enabled, ...fields });
          await raiseRevision(tx, project);
          return made;
        });
        log.info('Alert channel created', { channel: id, by: principal.id });
        reply.header('etag', entityTag(channel));
        return envelope('Channel created successfully', viewChannel(channel), clock.now());
      },
    },
    {
      contract: getChannel,
      async handle({ params: given, principal: { project }, reply }) {
        const channel = await present(refOf(project, given));
        reply.header('etag', entityTag(channel));
        return envelope('Channel retrieved successfully', viewChannel(channel), clock.now());
      },
    },
    {
      contract: updateChannel,
      async handle({ params: given, body, headers, principal, reply }) {
        const ref = refOf(principal.project, given);
        const { config, ...rest } = change.Parse(body);
        const { type } = await present(ref);
        const fields = config === undefined ? {} : configFields(ref.id, type, config);
        const channel = await records.transaction(async (tx) => {
          const changed = await tx.update(
            alertChannels,
            ref,
            { ...rest, ...fields },
            matchOptions(headers['if-match']),
          );
          await raiseRevision(tx, ref.project);
          return changed;
        });
        log.info('Alert channel changed', { channel: ref.id, by: principal.id });
        reply.header('etag', entityTag(channel));
        return envelope('Channel updated successfully', viewChannel(channel), clock.now());
      },
    },
    {
      contract: deleteChannel,
      async handle({ params: given, headers, principal }) {
        const ref = refOf(principal.project, given);
        const channel = await present(ref);
        await records.transaction(async (tx) => {
          await tx.delete(alertChannels, ref, matchOptions(headers['if-match']));
          await raiseRevision(tx, ref.project);
        });
        log.info('Alert channel deleted', { channel: ref.id, by: principal.id });
        return envelope('Channel deleted successfully', viewChannel(channel), clock.now());
      },
    },
    {
      contract: testChannel,
      async handle({ params: given, principal }) {
        const channel = await present(refOf(principal.project, given));
        const begun = clock.now();
        const deadline = new AbortController();
        const cancel = timers.after(defaultDeliveryLimits.deadlineMs, () => deadline.abort());
        const error = await send(channel, testMessage(newId(), begun, newId()), deadline.signal)
          .then(() => null)
          .catch((failure: unknown) => {
            if (failure instanceof DeliveryError) return failure.message;
            throw failure;
          })
          .finally(cancel);
        log.info('Test message sent to a channel', { channel: channel.id, by: principal.id, error });
        const result: ChannelTest = {
          delivered: error === null,
          error,
          duration_ms: Math.max(0, Math.round(clock.now() - begun)),
        };
        return envelope(
          error === null ? 'The test message was delivered' : 'The test message was not delivered',
          result,
          clock.now(),
        );
      },
    },
  ];
}

const viewChannel = (channel: AlertChannelRecord): Channel => ({
  id: channel.id,
  type: channel.type,
  name: channel.name,
  enabled: channel.enabled,
  config: channel.shown_config,
  created_at: timeText(channel.created_at),
  updated_at: timeText(channel.updated_at),
  version: channel.version,
});
