import { destination } from 'pino';
import type { Log, LogFields } from '../domain/log.ts';
import { currentCorrelationId } from './correlation-scope.ts';
import { serialiseError } from './log-error.ts';
import { formatLine } from './log-text.ts';
import { createRepeats } from './repeats.ts';

export type LogLevel = 'DEBUG' | 'INFO' | 'WARNING' | 'ERROR' | 'CRITICAL';

/** Where lines go; a file descriptor's stream, or an array's in tests. */
interface LogDestination {
  write(line: string): void;
}

export interface LogOptions {
  readonly level: LogLevel;
  /** One JSON object a line, or text for people. */
  readonly format: 'json' | 'text';
  /** Stands in every line until a child says otherwise. */
  readonly service: string;
  /** Standard output unless given; written synchronously, so that no line is lost when the process ends. */
  readonly destination?: LogDestination;
  /** Puts stack traces into the lines. */
  readonly stacks?: boolean;
  readonly now?: () => number;
  /** Calls back after so many milliseconds, if the process still runs; a timer that keeps nothing alive unless given. */
  readonly after?: (milliseconds: number, run: () => void) => void;
}

/** A log whose level can be changed while it is in use, for all of its children. */
export interface LevelledLog extends Log {
  readonly level: LogLevel;
  setLevel(level: LogLevel): void;
}

const levels = { DEBUG: 20, INFO: 30, WARNING: 40, ERROR: 50, CRITICAL: 60 } as const;

/** What stands at the top of a line; everything else is under `extra`. */
const topFields = ['correlation_id', 'event_id', 'user_id', 'duration'] as const;

/** Names of fields whose values are never written. */
const secretField = /pass(word|wd)?$|secret|token|authorization|api[_-]?key|cookie|credential/i;
const redacted = '[redacted]';
const maxDepth = 6;

const afterUnlessEnded = (milliseconds: number, run: () => void): void => {
  setTimeout(run, milliseconds).unref();
};

/** A logger that writes the documented lines: timestamp, level, service, message, ids, duration, extra. */
export function createLog(options: LogOptions): LevelledLog {
  const { format, stacks = false, now = Date.now } = options;
  const out = options.destination ?? destination({ fd: 1, sync: true });
  let current = options.level;

  const write = (level: LogLevel, service: string, message: string, fields: LogFields): void => {
    const line: Record<string, unknown> = {
      timestamp: new Date(now()).toISOString(),
      level,
      service,
      message,
    };
    const extra: Record<string, unknown> = {};
    for (const [name, value] of Object.entries(fields)) {
      const safe = printable(name, value, stacks, 0);
      if (topFields.some((top) => top === name)) line[name] = safe;
      else extra[name] = safe;
    }
    if (Object.keys(extra).length > 0) line.extra = extra;
    out.write(`${format === 'json' ? JSON.stringify(line) : formatLine(line)}\n`);
  };
  const repeats = createRepeats(options.after ?? afterUnlessEnded);

  const build = (service: string, bound: LogFields): Log => {
    const at =
      (level: LogLevel) =>
      (message: string, fields?: LogFields): void => {
        if (levels[level] < levels[current]) return;
        const tellRepeats = (count: number, seconds: number): void =>
          write(level, service, message, { repeats: count, seconds });
        // Whoever reads DEBUG wants all of it.
        if (level !== 'DEBUG' && !repeats.mayTell(`${level} ${service} ${message}`, tellRepeats)) return;
        const correlationId = currentCorrelationId();
        const scope = correlationId === undefined ? {} : { correlation_id: correlationId };
        write(level, service, message, { ...scope, ...bound, ...fields });
      };
    return {
      debug: at('DEBUG'),
      info: at('INFO'),
      warning: at('WARNING'),
      error: at('ERROR'),
      critical: at('CRITICAL'),
      child({ service: other, ...fields }) {
        return build(typeof other === 'string' ? other : service, { ...bound, ...fields });
      },
    };
  };
  return {
    ...build(options.service, {}),
    get level() {
      return current;
    },
    setLevel(level) {
      current = level;
      write('INFO', options.service, 'The log level was changed', { log_level: level });
    },
  };
}

/** A copy without secrets, and with errors as plain objects. */
function printable(name: string, value: unknown, stacks: boolean, depth: number): unknown {
  if (secretField.test(name)) return value === null || value === undefined ? value : redacted;
  if (value instanceof Error) return serialiseError(value, stacks);
  if (typeof value === 'bigint') return String(value);
  if (typeof value !== 'object' || value === null) return value;
  if ('toJSON' in value && typeof value.toJSON === 'function') return value;
  if (depth >= maxDepth) return '[too deep]';
  if (Array.isArray(value)) return value.map((item) => printable('', item, stacks, depth + 1));
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key, printable(key, inner, stacks, depth + 1)]),
  );
}
