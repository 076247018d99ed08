import type { Issue } from '@streamflow/contracts';
import { StreamFlowError, validationError } from '../errors.ts';

/** Values of one condition; more are an error that says so. */
export const maxValues = 50;
const maxNameShown = 128;

/**
 * Reads query parameters one by one and collects what is wrong with them, so that a caller hears of everything at once.
 * Takes parameters as text or as a route's schema has coerced them.
 */
export interface QueryReader {
  /** Names of the parameters that are there. */
  readonly names: readonly string[];
  text(name: string): string | undefined;
  /** Every value of a repeatable parameter, each once; undefined when it is absent. */
  list(name: string): readonly string[] | undefined;
  oneOf<T extends string>(name: string, allowed: readonly T[]): T | undefined;
  integer(name: string, minimum: number, maximum: number): number | undefined;
  refuse(field: string, message: string, allowed?: readonly unknown[]): undefined;
  /** What `read` returns; its ValidationError is collected, and the answer is undefined then. */
  collect<T>(read: () => T): T | undefined;
  /** Throws the ValidationError of all that was refused. */
  finish(): void;
}

export function createQueryReader(query: unknown): QueryReader {
  const parameters = new Map<string, unknown>(
    typeof query === 'object' && query !== null ? Object.entries(query) : [],
  );
  for (const [name, value] of parameters) if (value === undefined) parameters.delete(name);
  const issues: Issue[] = [];

  function refuse(field: string, message: string, allowed?: readonly unknown[]): undefined {
    const issue: Issue = { field: field.slice(0, maxNameShown), message };
    if (allowed !== undefined) issue.allowed_values = [...allowed];
    issues.push(issue);
  }

  function values(name: string): string[] | undefined {
    const value = parameters.get(name);
    if (value === undefined) return undefined;
    return Array.isArray(value) ? value.map(String) : [String(value)];
  }

  function list(name: string): readonly string[] | undefined {
    const given = values(name);
    if (given === undefined) return undefined;
    const all = [...new Set(given)];
    if (all.length > maxValues) return refuse(name, `${shown(name)} takes at most ${maxValues} values`);
    if (all.some((value) => value.includes('\0')))
      return refuse(name, `${shown(name)} must not contain NUL characters`);
    return all;
  }

  function text(name: string): string | undefined {
    const all = values(name);
    if (all === undefined) return undefined;
    const [value, another] = all;
    if (value === undefined || another !== undefined)
      return refuse(name, `${shown(name)} must be given once, with one value`);
    return value;
  }

  return {
    names: [...parameters.keys()],
    text,
    list,
    refuse,
    oneOf(name, allowed) {
      const value = text(name);
      if (value === undefined) return undefined;
      const found = allowed.find((item) => item === value);
      return found ?? refuse(name, `${name} must be one of ${allowed.join(', ')}`, allowed);
    },
    integer(name, minimum, maximum) {
      const value = text(name);
      if (value === undefined) return undefined;
      const number = /^[0-9]{1,15}$/.test(value) ? Number(value) : Number.NaN;
      if (number >= minimum && number <= maximum) return number;
      return refuse(name, `${name} must be a whole number from ${minimum} to ${maximum}`);
    },
    collect(read) {
      try {
        return read();
      } catch (error) {
        if (!(error instanceof StreamFlowError) || error.code !== 'ValidationError') throw error;
        const found = error.details.issues ?? [{ field: error.details.field ?? '', message: error.message }];
        issues.push(...found);
        return undefined;
      }
    },
    finish() {
      const [first, ...others] = issues;
      if (first !== undefined) throw validationError([first, ...others]);
    },
  };
}

export const shown = (name: string): string =>
  name.length > maxNameShown ? `${name.slice(0, maxNameShown)}…` : name;
