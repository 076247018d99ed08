import { AlertFrame } from '@streamflow/contracts';
import Type from 'typebox';
import { Compile } from 'typebox/compile';
import type { Log } from '../../domain/log.ts';
import type { AlertRecord } from '../../domain/records/alerts.ts';
import type { Bus } from '../../engines/bus/port.ts';
import { viewAlert } from './alert-views.ts';

/** Tells every replica that something happened to an alert. */
export type TellAlert = (event: AlertFrame['event'], alert: AlertRecord) => void;

/** What travels on the `alerts` exchange, with the routing key `alerts.<event>`. */
const AlertMessage = Type.Object({ project: Type.String(), frame: AlertFrame });
const messages = Compile(AlertMessage);

export const createTeller =
  (bus: Pick<Bus, 'publishLive'>): TellAlert =>
  (event, alert) => {
    const message: Type.Static<typeof AlertMessage> = {
      project: alert.project,
      frame: { type: 'alert', event, alert: viewAlert(alert) },
    };
    bus.publishLive('alerts', {
      routingKey: `alerts.${event}`,
      body: Buffer.from(JSON.stringify(message)),
    });
  };

export interface AlertsFeed {
  /** Told of everything that happens to alerts of a project; returns how to stop that. */
  listen(project: string, onFrame: (frame: AlertFrame) => void): () => void;
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** Hears what all replicas tell. */
export function createAlertsFeed(bus: Pick<Bus, 'subscribeLive'>, log: Log): AlertsFeed {
  const listeners = new Set<{ readonly project: string; readonly onFrame: (frame: AlertFrame) => void }>();
  let subscription: { close(): Promise<void> } | null = null;
  const parse = (body: Buffer): unknown => {
    try {
      return JSON.parse(body.toString('utf8'));
    } catch {
      return null;
    }
  };
  return {
    listen(project, onFrame) {
      const listener = { project, onFrame };
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    async start() {
      subscription = await bus.subscribeLive('alerts', 'alerts.#', ({ body }) => {
        const message = parse(body);
        if (!messages.Check(message)) {
          log.warning('A message on the exchange of alerts is none of this version');
          return;
        }
        for (const { project, onFrame } of listeners) if (project === message.project) onFrame(message.frame);
      });
    },
    async stop() {
      await subscription?.close();
      subscription = null;
    },
  };
}
