import { validationError } from '../errors.ts';

const shape = /^[^\s@\p{Cc}]+@[^\s@\p{Cc}]+$/u;
const maxLength = 320;

/** The form in which an address is kept and compared: two that differ in case, or in how letters are composed, are one. */
export const normalEmail = (text: string): string => text.trim().normalize('NFKC').toLowerCase();

/** The normal form of an address; a `ValidationError` of the field when it has not the shape of one. */
export function parseEmail(text: string, field: string): string {
  const email = normalEmail(text);
  if (email.length <= maxLength && shape.test(email)) return email;
  throw validationError([
    { field, message: `${field} must be an e-mail address of at most ${maxLength} characters` },
  ]);
}
