import { describe, expect, it } from 'vitest';
import { parseEmail } from './email.ts';
import { checkPassword } from './password-policy.ts';

describe('e-mail addresses', () => {
  it.each([
    ['Ann@Example.ORG', 'ann@example.org'],
    [' ann@example.org\n', 'ann@example.org'],
    ['admin@localhost', 'admin@localhost'],
    ['JOSE\u0301@example.org', 'jos\u00e9@example.org'],
  ])('keeps %j as %j', (text, email) => {
    expect(parseEmail(text, 'email')).toBe(email);
  });

  it.each(['', 'ann', '@example.org', 'ann@', 'a@b@c', 'a b@c', 'a\u0000@c', `${'a'.repeat(320)}@b`])(
    'refuses %j, naming the field',
    (text) => {
      expect(() => parseEmail(text, 'email')).toThrow(
        expect.objectContaining({
          code: 'ValidationError',
          details: expect.objectContaining({ field: 'email' }),
        }),
      );
    },
  );
});

describe('passwords', () => {
  it('have 8 to 1024 characters', () => {
    for (const good of ['12345678', 'x'.repeat(1024)])
      expect(() => checkPassword(good, 'password')).not.toThrow();
    for (const bad of ['', '1234567', 'x'.repeat(1025)])
      expect(() => checkPassword(bad, 'password')).toThrow(
        expect.objectContaining({
          code: 'ValidationError',
          details: expect.objectContaining({ field: 'password' }),
        }),
      );
  });
});
