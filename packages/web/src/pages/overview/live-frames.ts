import type { LiveMetricsFrame } from '@streamflow/client';

const second = 1000;
export const shownSpan = 300 * second;

/** Events by type, by the start of their second; the last five minutes. */
export interface LiveSeconds {
  /** End of the last second that was told; null before the first. */
  readonly end: number | null;
  readonly byTime: ReadonlyMap<number, Readonly<Record<string, number>>>;
}

export const noSeconds: LiveSeconds = { end: null, byTime: new Map() };

/** What is known after a frame. A snapshot tells all anew. */
export function foldFrame(known: LiveSeconds, frame: LiveMetricsFrame): LiveSeconds {
  if (frame.type === 'gap') return known;
  const end = Date.parse(frame.timestamp);
  if (frame.type === 'snapshot')
    return {
      end,
      byTime: new Map(frame.seconds.map(({ timestamp, by }) => [Date.parse(timestamp), by.type])),
    };
  const byTime = new Map(known.byTime);
  byTime.set(end - second, frame.by.type);
  for (const { timestamp, by } of frame.revised ?? []) byTime.set(Date.parse(timestamp), by.type);
  for (const time of byTime.keys()) if (time < end - shownSpan) byTime.delete(time);
  return { end, byTime };
}
