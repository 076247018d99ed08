import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import { StreamFlowError } from '../../domain/errors.ts';

/** Encrypts texts that are kept (AES-256-GCM), each bound to what it belongs to. */
export interface Sealing {
  seal(text: string, belongsTo: string): string;
  /** @throws StreamFlowError when it was sealed with another key, or for something else, or was changed */
  open(sealed: string, belongsTo: string): string;
}

const nonceBytes = 12;
const tagBytes = 16;
const form = 'v1.';

export function createSealing(secret: string): Sealing {
  const key = Buffer.from(hkdfSync('sha256', secret, '', 'streamflow alert channels', 32));
  return {
    seal(text, belongsTo) {
      const nonce = randomBytes(nonceBytes);
      const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(belongsTo));
      const sealed = Buffer.concat([nonce, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()]);
      return form + sealed.toString('base64url');
    },
    open(sealed, belongsTo) {
      try {
        if (!sealed.startsWith(form)) throw new Error('It has another form');
        const bytes = Buffer.from(sealed.slice(form.length), 'base64url');
        const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, nonceBytes), {
          authTagLength: tagBytes,
        })
          .setAAD(Buffer.from(belongsTo))
          .setAuthTag(bytes.subarray(-tagBytes));
        const text = decipher.update(bytes.subarray(nonceBytes, -tagBytes));
        return Buffer.concat([text, decipher.final()]).toString('utf8');
      } catch (error) {
        throw new StreamFlowError(
          'Conflict',
          'The configuration of this channel was encrypted with another key; give it anew',
          { cause: error },
        );
      }
    },
  };
}
