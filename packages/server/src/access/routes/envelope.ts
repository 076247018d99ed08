/** `{ success, message, data, timestamp }`: the answer about a single thing. */
export const envelope = <T>(message: string, data: T, now: number) => ({
  success: true as const,
  message,
  data,
  timestamp: timeText(now),
});

/** Milliseconds since the epoch as RFC 3339. */
export const timeText = (time: number): string => new Date(time).toISOString();

export const timeTextOrNull = (time: number | null): string | null => (time === null ? null : timeText(time));
