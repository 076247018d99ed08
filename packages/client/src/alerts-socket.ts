import type { AlertsServerFrame } from '@streamflow/contracts';
import { type FollowDependencies, FollowingSocket, type FollowOptions } from './following-socket.ts';

/** `ready` with the open alerts after each connection, then `alert` whenever something happens to one. */
export type AlertsFrame = Extract<AlertsServerFrame, { type: 'ready' | 'alert' }>;

/** `silenceMs` is 25,000 unless given; the server is asked every 10 seconds whether it is there. */
export type AlertsOptions = FollowOptions<AlertsFrame>;

/** Follows alerts, over as many connections as that takes, until it is closed. */
export class AlertsSocket extends FollowingSocket<AlertsFrame> {
  constructor(dependencies: FollowDependencies, options: AlertsOptions) {
    const frames: readonly AlertsFrame['type'][] = ['ready', 'alert'];
    const followed = { service: 'alerting', path: '/ws/alerts', frames } as const;
    super(dependencies, { ...followed, silenceMs: 25_000, pingMs: 10_000 }, options);
  }
}
