import { builtInEventTypes, eventTypePattern } from '@streamflow/contracts';
import { validationError } from '../errors.ts';

/** Which event types are taken in. */
export interface EventTypes {
  /** The names and `prefix.*` patterns that are allowed; null when any well-formed name is. */
  readonly allowed: readonly string[] | null;
  /**
   * What the type is counted under in metrics, whose labels must stay few: the name itself when it is listed, the
   * pattern that takes it, `other` when any name is taken. Undefined when the type is not allowed.
   */
  labelOf(type: string): string | undefined;
}

export interface EventTypesOptions {
  /** Names and `prefix.*` patterns beside the built-in ones; a pattern takes any name below its prefix. */
  readonly types?: readonly string[];
  /** `any` takes every well-formed name. */
  readonly accept?: 'listed' | 'any';
}

const wellFormed = new RegExp(eventTypePattern);
const maxLength = 128;

export const isWellFormedEventType = (type: string): boolean =>
  type.length <= maxLength && wellFormed.test(type);

export function createEventTypes({ types = [], accept = 'listed' }: EventTypesOptions = {}): EventTypes {
  const allowed = [...new Set<string>([...builtInEventTypes, ...types])];
  const names = new Map<string, string>();
  const prefixes: { readonly prefix: string; readonly pattern: string }[] = [];
  for (const entry of allowed) {
    const name = entry.endsWith('.*') ? entry.slice(0, -2) : entry;
    if (!isWellFormedEventType(name)) {
      throw validationError([
        {
          field: 'events.types',
          message: `${JSON.stringify(entry)} is neither an event type nor a pattern like custom.*`,
        },
      ]);
    }
    if (entry === name) names.set(name, name);
    else prefixes.push({ prefix: `${name}.`, pattern: entry });
  }
  return {
    allowed: accept === 'any' ? null : allowed,
    labelOf(type) {
      const name = names.get(type);
      if (name !== undefined) return name;
      for (const { prefix, pattern } of prefixes) {
        if (type.length > prefix.length && type.startsWith(prefix)) return pattern;
      }
      return accept === 'any' ? 'other' : undefined;
    },
  };
}
