import type { Clock } from '../../domain/clock.ts';
import type { Log } from '../../domain/log.ts';
import type { LiveMetrics } from '../../domain/metrics/live-metrics.ts';
import type { Timers } from '../../domain/timers.ts';
import type { Tracing } from '../../domain/tracing.ts';
import type { Bus } from '../../engines/bus/port.ts';
import type { EventStore } from '../../engines/event-store/port.ts';
import type { RecordStore } from '../../engines/record-store/port.ts';
import type { Service } from '../../http/service.ts';
import { alertRoutes } from './alert-routes.ts';
import type { AlertingMetrics } from './alerting-metrics.ts';
import { createAlertsFeed, createTeller } from './alerts-feed.ts';
import { createAlertsSocket } from './alerts-socket.ts';
import { channelRoutes } from './channel-routes.ts';
import { createChannelSender, type Notifiers } from './channel-sender.ts';
import type { DefinedMetrics } from './defined-metrics.ts';
import { createDelivery, type DeliveryLimits } from './delivery.ts';
import { createEvaluationWriter } from './evaluation-writer.ts';
import { createEvaluator } from './evaluator.ts';
import { createLease } from './lease.ts';
import { renewChannels } from './renew-channels.ts';
import { applyRuleFiles } from './rule-files.ts';
import { ruleRoutes } from './rule-routes.ts';
import { createSealing } from './sealing.ts';
import { silenceRoutes } from './silence-routes.ts';

export interface AlertingOptions {
  readonly bus: Pick<Bus, 'ping' | 'publishLive' | 'subscribeLive'>;
  readonly records: RecordStore;
  /** What previews are made of. */
  readonly events: Pick<EventStore, 'history' | 'aggregate' | 'export'>;
  /** Values of a tag that metrics tell apart. */
  readonly maxTagValues: number;
  /** What rules are evaluated on; null where this process has no live metrics, and evaluates nothing. */
  readonly live: Pick<LiveMetrics, 'read' | 'watermark' | 'knownFrom' | 'onTick' | 'tracesOf'> | null;
  readonly defined: DefinedMetrics;
  /** Files and directories of rules. */
  readonly ruleFiles: readonly string[];
  readonly notifiers: Notifiers;
  /** The first encrypts what is secret of channels; the others did before, and open it. */
  readonly secrets: readonly [string, ...string[]];
  /** Address of the dashboard for links, without a slash at its end; null for none. */
  readonly publicUrl: string | null;
  /** The project whose rules are evaluated. */
  readonly project: string;
  /** No other process can be alive on these records. */
  readonly alone: boolean;
  readonly clock: Clock;
  readonly timers: Timers;
  /** A number from 0 up to and without 1; spreads repeated tries. */
  readonly random: () => number;
  readonly newId: () => string;
  readonly metrics: AlertingMetrics;
  readonly log: Log;
  readonly tracing?: Tracing | null;
  readonly delivery?: Partial<DeliveryLimits>;
}

/** A process that has not been heard of for so long is no longer the evaluator. */
const leaseMs = 6000;

/** Evaluates alert rules, tells people, and answers for rules, alerts, channels and silences. */
export function createAlerting(options: AlertingOptions): Service {
  const {
    bus,
    records,
    defined,
    project,
    clock,
    timers,
    newId,
    log,
    metrics,
    live,
    tracing = null,
  } = options;
  const sealing = createSealing(options.secrets);
  const send = createChannelSender(options.notifiers, sealing);
  const tell = createTeller(bus);
  const feed = createAlertsFeed(bus, log);
  const lease = createLease({
    records,
    clock,
    project,
    id: 'alerting.evaluator',
    holder: newId(),
    ttlMs: leaseMs,
    alone: options.alone,
  });
  const evaluator =
    live === null
      ? null
      : createEvaluator({
          live,
          records,
          project,
          lease,
          write: createEvaluationWriter({ records, project, lease, newId, publicUrl: options.publicUrl }),
          openDelivery: () =>
            createDelivery({
              records,
              project,
              send,
              clock,
              timers,
              random: options.random,
              log,
              tracing,
              onFinished: (outcome) => metrics.onNotification(outcome),
              ...(options.delivery === undefined ? {} : { limits: options.delivery }),
            }),
          defined,
          clock,
          timers,
          newId,
          metrics,
          log,
          tracing,
          onWritten: ({ events }) => {
            for (const { event, alert } of events) tell(event, alert);
          },
        });

  return {
    name: 'alerting',
    routes: [
      ...ruleRoutes({
        records,
        events: options.events,
        maxTagValues: options.maxTagValues,
        defined,
        clock,
        newId,
        log,
      }),
      ...alertRoutes({ records, clock, newId, log, tell }),
      ...channelRoutes({ records, sealing, send, clock, timers, newId, log }),
      ...silenceRoutes({ records, clock, newId, log }),
    ],
    sockets: [createAlertsSocket({ records, feed, clock, timers, log })],
    checks: { database: () => records.ping(), message_broker: () => bus.ping() },
    essentialChecks: ['database'],
    figures: {
      evaluating: () => (evaluator?.isActive() === true ? 1 : 0),
      evaluation_lag_ms: () => evaluator?.lagMs() ?? 0,
      rules_waiting: () => evaluator?.waitingRules() ?? 0,
      notifications_pending: () => evaluator?.pendingNotifications() ?? 0,
    },
    async start() {
      await applyRuleFiles({ paths: options.ruleFiles, records, defined, project, newId, log });
      await renewChannels({ records, project, sealing, log });
      await feed.start();
      evaluator?.start();
    },
    async stop() {
      await evaluator?.stop();
      await feed.stop();
    },
  };
}
