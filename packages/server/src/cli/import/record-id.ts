import { hash } from 'node:crypto';

/**
 * Records by which a file is told from others. Few, so that mending a record hardly ever changes what the file is taken
 * for; more than one, since a first record alone may be the same in many files.
 */
export const beginningRecords = 8;

/**
 * Derives the ids of a file's records that carry none: UUIDv8 made of how the file begins, the position and the content.
 *
 * - Content alone decides, whatever the file is called and however it is compressed, so importing it again adds nothing.
 * - Only the beginning and the record itself count, and of the beginning only what stands before the record: a file that
 *   has grown has its old ids, and so have the others when a record behind the beginning was mended.
 * - Files that begin differently share no id, whatever lines they have in common.
 *
 * The first 48 bits are of the first record and the next 32 are the position: ids of a file are neighbours, and the
 * event store looks neighbours up by range.
 */
export class RecordIds {
  readonly #namespace: string;
  #family = '';
  #beginning: string;
  #seen = 0;

  constructor(namespace: string) {
    this.#namespace = namespace;
    this.#beginning = namespace;
  }

  /** Takes note of a record; every record of the file that can be read, in their order, before its id is asked for. */
  pass(content: string): void {
    if (this.#seen >= beginningRecords) return;
    this.#seen += 1;
    this.#beginning = hash('sha256', `${this.#beginning}\n${content}`, 'hex');
    if (this.#seen === 1) this.#family = this.#beginning.slice(0, 12);
  }

  /** @param ordinal position among the records of the file, from 1 */
  idOf(ordinal: number, content: string): string {
    const digest = hash('sha256', `${this.#beginning}\n${ordinal}\n${content}`, 'hex');
    const position = ordinal % 2 ** 32;
    const high = hex(Math.floor(position / 2 ** 20), 3);
    const middle = hex(0x8000 + (Math.floor(position / 2 ** 6) % 2 ** 14), 4);
    const low = hex((position % 2 ** 6) * 4 + (Number.parseInt(digest.charAt(0), 16) % 4), 2);
    return `${this.#family.slice(0, 8)}-${this.#family.slice(8)}-8${high}-${middle}-${low}${digest.slice(1, 11)}`;
  }

  /** The id of a record that names itself by something else than a UUID: the same in every file. */
  named(name: string): string {
    const digest = hash('sha256', `${this.#namespace}\nid\n${name}`, 'hex');
    const variant = hex(0x8000 + (Number.parseInt(digest.slice(16, 20), 16) % 2 ** 14), 4);
    return `${digest.slice(0, 8)}-${digest.slice(8, 12)}-8${digest.slice(13, 16)}-${variant}-${digest.slice(20, 32)}`;
  }
}

const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, '0');
