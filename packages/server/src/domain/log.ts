export type LogFields = Readonly<Record<string, unknown>>;

/** A structured logger: a constant message and fields. `child` adds fields to every line. */
export interface Log {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warning(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  critical(message: string, fields?: LogFields): void;
  child(fields: LogFields): Log;
}

const nothing = (): void => {};
/** A log that keeps nothing; for tests. */
export const silentLog: Log = {
  debug: nothing,
  info: nothing,
  warning: nothing,
  error: nothing,
  critical: nothing,
  child: () => silentLog,
};
