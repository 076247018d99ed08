import { inspect } from 'node:util';

/**
 * A setting that must not be shown: printing it in any way gives its mask, and only `reveal` the value, so that a
 * secret in a log, an error or a dump is a mistake that the compiler or the mask catches.
 */
export class Secret {
  readonly #value: string;
  readonly mask: string;

  constructor(value: string, mask = '********') {
    this.#value = value;
    this.mask = mask;
  }

  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return this.mask;
  }

  toJSON(): string {
    return this.mask;
  }

  [inspect.custom](): string {
    return this.mask;
  }
}

/** An address whose password is not shown. */
export function secretUrl(url: string): Secret {
  const parsed = new URL(url);
  if (parsed.password !== '') parsed.password = '********';
  for (const name of [...parsed.searchParams.keys()])
    if (/password|secret|token|key/i.test(name)) parsed.searchParams.set(name, '********');
  return new Secret(url, parsed.href);
}
