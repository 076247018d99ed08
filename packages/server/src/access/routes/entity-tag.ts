import { entityTagPattern } from '@streamflow/contracts';
import { validationError } from '../../domain/errors.ts';
import type { WriteOptions } from '../../engines/record-store/port.ts';

const shape = new RegExp(entityTagPattern);

export const entityTag = (record: { readonly version: number }): string => `"${record.version}"`;

/** The version that `If-Match` asks for; none without the header, and with `*`. */
export function matchOptions(header: string | string[] | undefined): WriteOptions {
  if (header === undefined) return {};
  if (typeof header !== 'string' || !shape.test(header))
    throw validationError([
      { field: 'If-Match', message: 'If-Match must be one entity tag as it was answered, `"3"` for one' },
    ]);
  return header === '*' ? {} : { version: Number(header.slice(1, -1)) };
}
