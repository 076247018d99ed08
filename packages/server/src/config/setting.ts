import Type from 'typebox';
import { Secret, secretUrl } from './secret.ts';

/** What is said of a setting; the reference page is made of it. */
export interface SettingOptions {
  /** A sentence or two for the person who sets it. */
  readonly description: string;
  /** Environment variable. */
  readonly env: string;
  readonly unit?: string;
  /** Key of the setting without which this one has no effect. */
  readonly needs?: string;
  /** Why setting it has no effect, or another one than its name says; told as a warning to whoever sets it. */
  readonly remark?: string;
}

/** Reads a value as it stands in a source, text or YAML value; undefined when it is not what was expected. */
export type ReadValue = (given: unknown) => unknown;

/** What a leaf of the schema carries beside its type. */
export class Setting {
  readonly description: string;
  readonly env: string;
  readonly unit: string | null;
  readonly needs: string | null;
  readonly remark: string | null;
  /** Completes "must be …". */
  readonly expected: string;
  readonly isSecret: boolean;
  readonly defaultValue: unknown;
  readonly read: ReadValue;

  constructor(
    options: SettingOptions,
    rest: { expected: string; isSecret?: boolean; defaultValue: unknown; read: ReadValue },
  ) {
    this.description = options.description;
    this.env = options.env;
    this.unit = options.unit ?? null;
    this.needs = options.needs ?? null;
    this.remark = options.remark ?? null;
    this.expected = rest.expected;
    this.isSecret = rest.isSecret ?? false;
    this.defaultValue = rest.defaultValue;
    this.read = rest.read;
  }
}

const asText = (given: unknown): string | undefined => (typeof given === 'string' ? given.trim() : undefined);

export function integer(
  options: SettingOptions & { readonly default: number; readonly minimum: number; readonly maximum: number },
) {
  const { minimum, maximum } = options;
  const setting = new Setting(options, {
    expected: `a whole number from ${minimum} to ${maximum}`,
    defaultValue: options.default,
    read(given) {
      const text = asText(given);
      const value = text === undefined ? given : /^[0-9]{1,15}$/.test(text) ? Number(text) : undefined;
      return typeof value === 'number' && Number.isInteger(value) && value >= minimum && value <= maximum
        ? value
        : undefined;
    },
  });
  return Type.Integer({ minimum, maximum, setting });
}

/** A part of the whole, from 0 to 1. */
export function share(options: SettingOptions & { readonly default: number }) {
  const setting = new Setting(options, {
    expected: 'a number from 0 to 1',
    defaultValue: options.default,
    read(given) {
      const text = asText(given);
      const value = text === undefined ? given : /^[0-9]*\.?[0-9]+$/.test(text) ? Number(text) : undefined;
      return typeof value === 'number' && value >= 0 && value <= 1 ? value : undefined;
    },
  });
  return Type.Number({ minimum: 0, maximum: 1, setting });
}

const truths: Readonly<Record<string, boolean>> = {
  true: true,
  yes: true,
  on: true,
  '1': true,
  false: false,
  no: false,
  off: false,
  '0': false,
};

export function toggle(options: SettingOptions & { readonly default: boolean }) {
  const setting = new Setting(options, {
    expected: 'true or false',
    defaultValue: options.default,
    read(given) {
      const text = asText(given)?.toLowerCase();
      if (text === undefined) return typeof given === 'boolean' ? given : undefined;
      return Object.hasOwn(truths, text) ? truths[text] : undefined;
    },
  });
  return Type.Boolean({ setting });
}

/** One of some words, in upper or lower case. */
export function choice<const T extends readonly [string, ...string[]]>(
  options: SettingOptions & { readonly values: T; readonly default: T[number] },
) {
  const setting = new Setting(options, {
    expected: `one of ${options.values.join(', ')}`,
    defaultValue: options.default,
    read(given) {
      const text = asText(given)?.toLowerCase();
      return options.values.find((value) => value.toLowerCase() === text);
    },
  });
  return Type.Unsafe<T[number]>({ enum: [...options.values], setting });
}

interface TextOptions extends SettingOptions {
  readonly pattern?: RegExp;
  readonly expected?: string;
}

const readText =
  (pattern: RegExp): ReadValue =>
  (given) => {
    const text = asText(typeof given === 'number' ? String(given) : given);
    return text !== undefined && pattern.test(text) ? text : undefined;
  };

const anyText = /^.+$/s;

export function text(options: TextOptions & { readonly default: string }) {
  const setting = new Setting(options, {
    expected: options.expected ?? 'text',
    defaultValue: options.default,
    read: readText(options.pattern ?? anyText),
  });
  return Type.String({ setting });
}

export function optionalText(options: TextOptions) {
  const setting = new Setting(options, {
    expected: options.expected ?? 'text',
    defaultValue: null,
    read: readText(options.pattern ?? anyText),
  });
  return Type.Union([Type.String(), Type.Null()], { setting });
}

/** Values separated by commas, or a YAML list. */
export function list(
  options: SettingOptions & {
    readonly isItem: (item: string) => boolean;
    readonly items: string;
    readonly default: readonly string[];
  },
) {
  const setting = new Setting(options, {
    expected: `${options.items}, separated by commas or as a YAML list`,
    defaultValue: options.default,
    read(given) {
      const items = typeof given === 'string' ? given.split(',') : given;
      if (!Array.isArray(items)) return undefined;
      const texts = items
        .map((item) => (typeof item === 'string' ? item.trim() : ''))
        .filter((item) => item !== '');
      return texts.length >= items.filter((item) => item !== '').length && texts.every(options.isItem)
        ? texts
        : undefined;
    },
  });
  return Type.Unsafe<readonly string[]>({ type: 'array', items: { type: 'string' }, setting });
}

/** Whole numbers by name: `name=number` separated by commas, or a YAML mapping. */
export function numbersByName(
  options: SettingOptions & {
    readonly isName: (name: string) => boolean;
    readonly names: string;
    readonly minimum: number;
    readonly maximum: number;
  },
) {
  const { minimum, maximum } = options;
  const setting = new Setting(options, {
    expected: `${options.names}, each = a whole number from ${minimum} to ${maximum}, separated by commas or as a YAML mapping`,
    defaultValue: {},
    read(given) {
      const pairs = typeof given === 'string' ? readPairs(given) : mappingPairs(given);
      if (pairs === null) return undefined;
      const numbers: Record<string, number> = {};
      for (const [name, value] of pairs) {
        const text = typeof value === 'number' ? String(value) : value;
        const number = typeof text === 'string' && /^[0-9]{1,15}$/.test(text) ? Number(text) : Number.NaN;
        const fits = number >= minimum && number <= maximum;
        if (!fits || !options.isName(name) || Object.hasOwn(numbers, name)) return undefined;
        numbers[name] = number;
      }
      return numbers;
    },
  });
  return Type.Unsafe<Readonly<Record<string, number>>>({
    type: 'object',
    additionalProperties: { type: 'integer', minimum, maximum },
    setting,
  });
}

function readPairs(text: string): [string, unknown][] {
  return text
    .split(',')
    .filter((pair) => pair.trim() !== '')
    .map((pair) => {
      const at = pair.lastIndexOf('=');
      return [pair.slice(0, Math.max(0, at)).trim(), pair.slice(at + 1).trim()];
    });
}

const mappingPairs = (given: unknown): [string, unknown][] | null =>
  typeof given === 'object' && given !== null && !Array.isArray(given) ? Object.entries(given) : null;

const isSecretOrNull = (value: unknown): boolean => value === null || value instanceof Secret;

export function secret(options: SettingOptions & { readonly expected: string }) {
  const setting = new Setting(options, {
    expected: options.expected,
    isSecret: true,
    defaultValue: null,
    read: (given) => (typeof given === 'string' && given !== '' ? new Secret(given) : undefined),
  });
  return Type.Refine(Type.Unsafe<Secret | null>({ setting }), isSecretOrNull);
}

/** Secrets separated by commas, or a YAML list. */
export function secretList(options: SettingOptions & { readonly expected: string }) {
  const setting = new Setting(options, {
    expected: options.expected,
    isSecret: true,
    defaultValue: [],
    read(given) {
      const items: unknown = typeof given === 'string' ? given.split(',').map((item) => item.trim()) : given;
      if (!Array.isArray(items)) return undefined;
      const texts = items.filter((item) => typeof item === 'string' && item !== '');
      return texts.length === items.length ? texts.map((text) => new Secret(text)) : undefined;
    },
  });
  return Type.Refine(
    Type.Unsafe<readonly Secret[]>({ setting }),
    (value) => Array.isArray(value) && value.every((item) => item instanceof Secret),
  );
}

/** An address that may hold a password. `rewrite` maps other spellings of it to ours before it is read. */
export function address(
  options: SettingOptions & {
    readonly schemes: readonly [string, ...string[]];
    readonly rewrite?: (url: string) => string;
  },
) {
  const setting = new Setting(options, {
    expected: `an address that begins with ${options.schemes.map((scheme) => `${scheme}://`).join(' or ')}`,
    isSecret: true,
    defaultValue: null,
    read(given) {
      const trimmed = asText(given);
      if (trimmed === undefined) return undefined;
      const url = options.rewrite?.(trimmed) ?? trimmed;
      const fits = options.schemes.some((scheme) => url.startsWith(`${scheme}://`));
      return fits && URL.canParse(url) ? secretUrl(url) : undefined;
    },
  });
  return Type.Refine(Type.Unsafe<Secret | null>({ setting }), isSecretOrNull);
}
