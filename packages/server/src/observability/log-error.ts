export interface SerialisedError {
  readonly name: string;
  readonly message: string;
  readonly code?: string;
  readonly stack?: string;
  readonly cause?: SerialisedError;
}

/** Causes beyond this are a loop, or of no interest. */
const maxCauses = 5;

/** Addresses in messages of drivers may hold a password. */
const withoutPasswords = (text: string): string =>
  text.replaceAll(/(\w+:\/\/[^\s:/@]*):[^\s/]*@/g, '$1:********@');

/** An error as plain JSON; the stack only when asked for. */
export function serialiseError(error: Error, withStack: boolean, depth = 0): SerialisedError {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  const { cause, stack } = error;
  return {
    name: error.name,
    message: withoutPasswords(error.message),
    ...(code === undefined ? {} : { code }),
    ...(withStack && stack !== undefined ? { stack: withoutPasswords(stack) } : {}),
    ...(cause instanceof Error && depth < maxCauses
      ? { cause: serialiseError(cause, withStack, depth + 1) }
      : {}),
  };
}
