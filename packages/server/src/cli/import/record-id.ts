import { hash } from 'node:crypto';

/**
 * The id of a record that carries none: a UUIDv8 made of the first bits of the SHA-256 of namespace, position and
 * content. The same content at the same place has the same id whatever its file is called, so importing a file again,
 * or a file that has grown, or one in which a bad record was mended, adds only what is new.
 *
 * @param ordinal position among the records of the file, from 1
 */
export function recordId(namespace: string, ordinal: number, content: string): string {
  return uuid8(hash('sha256', `${namespace}\n${ordinal}\n${content}`, 'hex'));
}

/** The id of a record that names itself by something else than a UUID. */
export function namedId(namespace: string, name: string): string {
  return uuid8(hash('sha256', `${namespace}\nid\n${name}`, 'hex'));
}

const variants = ['8', '9', 'a', 'b'] as const;

function uuid8(hex: string): string {
  const variant = variants[Number.parseInt(hex.charAt(16), 16) & 3] ?? '8';
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
