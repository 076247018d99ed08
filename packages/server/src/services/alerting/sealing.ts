import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import { StreamFlowError } from '../../domain/errors.ts';

/** Encrypts texts that are kept (AES-256-GCM), each bound to what it belongs to. */
export interface Sealing {
  seal(text: string, belongsTo: string): string;
  /** @throws StreamFlowError when it was sealed with none of the keys, or for something else, or was changed */
  open(sealed: string, belongsTo: string): string;
  /** The same sealed anew when it was sealed with a key of before; null when it was with that of now. Throws as `open`. */
  renew(sealed: string, belongsTo: string): string | null;
}

const nonceBytes = 12;
const tagBytes = 16;
const form = 'v1.';

/**
 * Seals with the first secret, and opens what any of them sealed: so that a secret can be replaced while what the one
 * before sealed is still there.
 */
export function createSealing([secret, ...before]: readonly [string, ...string[]]): Sealing {
  const key = keyOf(secret);
  const keysBefore = before.map(keyOf);

  const seal = (text: string, belongsTo: string): string => {
    const nonce = randomBytes(nonceBytes);
    const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(belongsTo));
    const sealed = Buffer.concat([nonce, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()]);
    return form + sealed.toString('base64url');
  };
  const openBefore = (sealed: string, belongsTo: string): string => {
    for (const old of keysBefore) {
      const text = openWith(old, sealed, belongsTo);
      if (text !== null) return text;
    }
    throw new StreamFlowError(
      'Conflict',
      'The configuration of this channel was encrypted with another key; give it anew',
    );
  };
  return {
    seal,
    open: (sealed, belongsTo) => openWith(key, sealed, belongsTo) ?? openBefore(sealed, belongsTo),
    renew: (sealed, belongsTo) =>
      openWith(key, sealed, belongsTo) === null ? seal(openBefore(sealed, belongsTo), belongsTo) : null,
  };
}

const keyOf = (secret: string): Buffer =>
  Buffer.from(hkdfSync('sha256', secret, '', 'streamflow alert channels', 32));

/** Null when it was not sealed with this key for this thing. */
function openWith(key: Buffer, sealed: string, belongsTo: string): string | null {
  if (!sealed.startsWith(form)) return null;
  const bytes = Buffer.from(sealed.slice(form.length), 'base64url');
  if (bytes.length < nonceBytes + tagBytes) return null;
  const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, nonceBytes), {
    authTagLength: tagBytes,
  })
    .setAAD(Buffer.from(belongsTo))
    .setAuthTag(bytes.subarray(-tagBytes));
  const text = decipher.update(bytes.subarray(nonceBytes, -tagBytes));
  try {
    return Buffer.concat([text, decipher.final()]).toString('utf8');
  } catch {
    // What `final` tells is that the tag is another: of another key, another thing, or changed bytes.
    return null;
  }
}
