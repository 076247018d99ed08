import { validationError } from '../errors.ts';

const passwordLength = { least: 8, most: 1024 } as const;

/** Refuses a password that is too short or too long, in characters. */
export function checkPassword(password: string, field: string): void {
  const { least, most } = passwordLength;
  if (password.length >= least && password.length <= most) return;
  throw validationError([{ field, message: `${field} must have ${least} to ${most} characters` }]);
}
