import type { MetricsServerFrame } from '@streamflow/contracts';
import { type FollowDependencies, FollowingSocket, type FollowOptions } from './following-socket.ts';

/** Frames with figures: a `snapshot` of five minutes after each connection, then `metrics` every second, and gaps. */
export type LiveMetricsFrame = Extract<MetricsServerFrame, { type: 'snapshot' | 'metrics' | 'gap' }>;

/** `silenceMs` is 5,000 unless given. */
export type LiveMetricsOptions = FollowOptions<LiveMetricsFrame>;

/** Follows live metrics, over as many connections as that takes, until it is closed. */
export class LiveMetricsSocket extends FollowingSocket<LiveMetricsFrame> {
  constructor(dependencies: FollowDependencies, options: LiveMetricsOptions) {
    const frames: readonly LiveMetricsFrame['type'][] = ['snapshot', 'metrics', 'gap'];
    super(dependencies, { service: 'dashboard', path: '/ws/metrics', frames, silenceMs: 5000 }, options);
  }
}
