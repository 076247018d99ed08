export type QueryValue = string | number | boolean | Date;
/** Parameters of a request; a list is repeated, undefined left out. */
export type Query = Readonly<Record<string, QueryValue | readonly QueryValue[] | undefined>>;

const asText = (value: QueryValue): string => (value instanceof Date ? value.toISOString() : String(value));

/** `?a=1&b=2&b=3`, or nothing. */
export function formatQuery(query: Query = {}): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value === undefined) continue;
    if (typeof value === 'object' && !(value instanceof Date))
      for (const each of value) parameters.append(name, asText(each));
    else parameters.append(name, asText(value));
  }
  const text = parameters.toString();
  return text === '' ? '' : `?${text}`;
}
