import { createHmac, timingSafeEqual } from 'node:crypto';

/*
 * A refresh token is `sfr_<family>_<generation>_<signature>`. It is computed from what the session is, and not drawn, so
 * that the same successor can be answered again to whoever lost the answer, although no token is kept. Who reads the
 * records lacks the secret, and who has the secret lacks the random family: neither makes a token alone.
 */
export interface RefreshTokens {
  make(family: string, generation: number): string;
  /** What the token names; null when it was not made by us. */
  read(token: string): { readonly family: string; readonly generation: number } | null;
}

const shape = /^sfr_([0-9A-Za-z]{32})_([1-9][0-9]{0,8})_([\w-]{43})$/;
export const familyLength = 32;

/** `secrets`: the one that signs, then those that are still believed. */
export function createRefreshTokens(secrets: readonly [string, ...string[]]): RefreshTokens {
  // A key of its own, so that a signature of one kind of token is never one of the other.
  const derive = (secret: string): Buffer =>
    createHmac('sha256', secret).update('streamflow refresh tokens').digest();
  const current = derive(secrets[0]);
  const believed = secrets.map(derive);
  const sign = (key: Buffer, family: string, generation: number): string =>
    createHmac('sha256', key).update(`${family}_${generation}`).digest('base64url');

  return {
    make: (family, generation) => `sfr_${family}_${generation}_${sign(current, family, generation)}`,
    read(token) {
      const [, family, digits, signature] = shape.exec(token) ?? [];
      if (family === undefined || signature === undefined) return null;
      const generation = Number(digits);
      const given = Buffer.from(signature);
      const good = believed.some((key) => timingSafeEqual(Buffer.from(sign(key, family, generation)), given));
      return good ? { family, generation } : null;
    },
  };
}
