import { AlertNotification } from '@streamflow/contracts';
import { Compile } from 'typebox/compile';
import type { Clock } from '../../domain/clock.ts';
import type { Log } from '../../domain/log.ts';
import { alertChannels } from '../../domain/records/alert-rules.ts';
import { type AlertNotificationRecord, alertNotifications, alerts } from '../../domain/records/alerts.ts';
import type { Timers } from '../../domain/timers.ts';
import type { Tracing } from '../../domain/tracing.ts';
import type { RecordStore } from '../../engines/record-store/port.ts';
import type { SendToChannel } from './channel-sender.ts';
import { DeliveryError } from './notifiers/notifier.ts';

export interface DeliveryLimits {
  /** Of one try, milliseconds. */
  readonly deadlineMs: number;
  /** Before the second try; doubled with each further one. */
  readonly firstWaitMs: number;
  readonly longestWaitMs: number;
  /** After so many tries a message is given up. */
  readonly tries: number;
}

/** About two hours of tries. */
export const defaultDeliveryLimits: DeliveryLimits = {
  deadlineMs: 10_000,
  firstWaitMs: 1000,
  longestWaitMs: 600_000,
  tries: 20,
};

export interface DeliveryOptions {
  readonly records: RecordStore;
  readonly project: string;
  readonly send: SendToChannel;
  readonly clock: Clock;
  readonly timers: Timers;
  /** A number from 0 up to and without 1. */
  readonly random: () => number;
  readonly log: Log;
  readonly tracing: Tracing | null;
  readonly limits?: Partial<DeliveryLimits>;
  readonly onFinished: (outcome: 'delivered' | 'failed') => void;
}

export interface Delivery {
  /**
   * Takes pending messages on; those of one channel are sent in their order. `traces` has by rule the trace context that
   * its messages belong to; what another process takes on begins a trace of its own.
   */
  add(notifications: readonly AlertNotificationRecord[], traces?: ReadonlyMap<string, string>): void;
  /** Messages that are neither delivered nor given up. */
  pending(): number;
  /** Ends what is under way: what was not answered is sent again by whoever comes next, with the same id. */
  stop(): Promise<void>;
}

/** How much of a list of alerts learns of the delivery in its timeline. */
const mostTimelines = 50;
/** Between tries to write down what became of a message. */
const noteAgainMs = 1000;

const messages = Compile(AlertNotification);

const noTraces: ReadonlyMap<string, string> = new Map();

/*
 * A queue a channel, so that one that hangs or fails holds up no other. A message is tried until it is taken, refused for
 * good, or given up; the outcome is written down before the next one is tried, so that a crash repeats at most the one
 * that was under way in each channel.
 */
export function createDelivery(options: DeliveryOptions): Delivery {
  const { records, project, clock, timers, random, log, onFinished } = options;
  const limits = { ...defaultDeliveryLimits, ...options.limits };
  const stopping = new AbortController();
  const queues = new Map<string, AlertNotificationRecord[]>();
  /** Ids of those that are taken on, with the trace context that they belong to. */
  const known = new Map<string, string | undefined>();
  const running = new Set<Promise<void>>();

  const pause = (milliseconds: number): Promise<void> =>
    new Promise((resolve) => {
      const finish = (): void => {
        cancel();
        stopping.signal.removeEventListener('abort', finish);
        resolve();
      };
      const cancel = timers.after(milliseconds, finish);
      stopping.signal.addEventListener('abort', finish, { once: true });
    });

  const attempt = async (notification: AlertNotificationRecord): Promise<void> => {
    const channel = await records
      .get(alertChannels, { project, id: notification.channel_id })
      .catch((error: unknown) => {
        throw new DeliveryError('The records cannot be read', { cause: error });
      });
    if (channel === null) throw new DeliveryError('The channel was deleted', { permanent: true });
    if (!channel.enabled) throw new DeliveryError('The channel is disabled', { permanent: true });
    const deadline = new AbortController();
    const cancel = timers.after(limits.deadlineMs, () => deadline.abort());
    const message = messages.Parse(notification.message);
    const span =
      options.tracing?.start(`notify ${channel.type}`, {
        kind: 'client',
        parent: known.get(notification.id),
        attributes: {
          'streamflow.notification.id': notification.id,
          'streamflow.notification.kind': message.kind,
          'streamflow.channel': `${channel.type}:${channel.name}`,
          'streamflow.rule.id': message.rule.id,
          'streamflow.attempts': notification.attempts,
        },
      }) ?? null;
    try {
      const signal = AbortSignal.any([deadline.signal, stopping.signal]);
      await options.send(channel, message, signal, span?.traceparent);
      span?.end();
    } catch (error) {
      // Its text may hold what the receiver answered, or its address.
      span?.end(error instanceof DeliveryError ? 'not taken' : 'failed by a defect');
      throw error;
    } finally {
      cancel();
    }
  };

  const write = async (work: () => Promise<unknown>): Promise<void> => {
    while (true) {
      try {
        await work();
        return;
      } catch (error) {
        if (stopping.signal.aborted) return;
        log.warning('The outcome of a notification cannot be written; trying again', { error });
        await pause(noteAgainMs);
        if (stopping.signal.aborted) return;
      }
    }
  };

  const finish = async (
    { id, alert_ids }: AlertNotificationRecord,
    status: 'delivered' | 'failed',
    attempts: number,
    reason: string | null,
    channel: string,
  ): Promise<void> => {
    const at = clock.now();
    await write(() =>
      records.transaction(async (tx) => {
        await tx.update(
          alertNotifications,
          { project, id },
          { status, attempts, last_error: reason, finished_at: at },
        );
        for (const alertId of alert_ids.slice(0, mostTimelines)) {
          const alert = await tx.get(alerts, { project, id: alertId });
          if (alert === null) continue;
          const entry = {
            at: new Date(at).toISOString(),
            what: status === 'delivered' ? ('delivered' as const) : ('delivery_failed' as const),
            by: null,
            comment: reason === null ? channel : `${channel}: ${reason}`,
          };
          const body = { ...alert.body, timeline: [...alert.body.timeline, entry] };
          await tx.update(alerts, { project, id: alertId }, { body });
        }
      }),
    );
    onFinished(status);
  };

  const deliver = async (notification: AlertNotificationRecord): Promise<void> => {
    const { id, channel_id: channelId } = notification;
    let { attempts } = notification;
    const channel = await channelName(channelId);
    while (!stopping.signal.aborted) {
      try {
        await attempt(notification);
        if (attempts > 0) log.info('Notification delivered after failures', { notification: id, attempts });
        return await finish(notification, 'delivered', attempts + 1, null, channel);
      } catch (error) {
        if (stopping.signal.aborted) return;
        attempts += 1;
        const failure =
          error instanceof DeliveryError
            ? error
            : new DeliveryError('StreamFlow has a defect', { cause: error });
        const reason = failure.message.slice(0, 500);
        if (!(error instanceof DeliveryError))
          log.error('Notification failed by a defect', { notification: id, error });
        if (failure.permanent || attempts >= limits.tries) {
          log.warning('Notification given up', { notification: id, channel, attempts, reason });
          return await finish(notification, 'failed', attempts, reason, channel);
        }
        log.info('Notification will be tried again', { notification: id, channel, attempts, reason });
        await write(() =>
          records.update(alertNotifications, { project, id }, { attempts, last_error: reason }),
        );
        const full = Math.min(limits.longestWaitMs, limits.firstWaitMs * 2 ** Math.min(attempts - 1, 30));
        const jittered = full / 2 + (full / 2) * random();
        await pause(Math.max(jittered, failure.retryAfterMs * (1 + random() / 10)));
      }
    }
  };

  const channelName = async (id: string): Promise<string> => {
    const channel = await records.get(alertChannels, { project, id }).catch(() => null);
    return channel === null ? id : `${channel.type}:${channel.name}`;
  };

  const run = async (channelId: string, queue: AlertNotificationRecord[]): Promise<void> => {
    for (let next = queue[0]; next !== undefined && !stopping.signal.aborted; next = queue[0]) {
      await deliver(next);
      if (stopping.signal.aborted) break;
      queue.shift();
      known.delete(next.id);
    }
    queues.delete(channelId);
  };

  return {
    add(notifications, traces = noTraces) {
      if (stopping.signal.aborted) return;
      for (const notification of notifications) {
        if (known.has(notification.id)) continue;
        known.set(notification.id, traces.get(ruleOf(notification)));
        const queue = queues.get(notification.channel_id);
        if (queue !== undefined) {
          queue.push(notification);
          continue;
        }
        const fresh = [notification];
        queues.set(notification.channel_id, fresh);
        const work: Promise<void> = run(notification.channel_id, fresh)
          .catch((error: unknown) => log.error('Delivery of notifications failed by a defect', { error }))
          .finally(() => running.delete(work));
        running.add(work);
      }
    },
    pending: () => known.size,
    async stop() {
      stopping.abort();
      await Promise.all(running);
    },
  };
}

function ruleOf({ message: { rule } }: AlertNotificationRecord): string {
  return typeof rule === 'object' && rule !== null && 'id' in rule ? String(rule.id) : '';
}
