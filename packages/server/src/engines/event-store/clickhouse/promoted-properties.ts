/*
 * Properties of `data` that have columns of their own, since they are asked for often. They are computed from the text
 * when a row is inserted and answer exactly as the text does; any other property is read from the text.
 */

/** Top-level properties by which events are grouped and filtered: a column of text and one of its kind each. */
export const promotedTexts = [
  'page',
  'path',
  'url',
  'endpoint',
  'method',
  'status',
  'status_code',
  'action',
] as const;

/** Top-level properties whose numbers are aggregated: a column of numbers each, NULL where there is none. */
export const promotedNumbers = ['duration', 'duration_ms', 'response_time', 'value'] as const;

export const textColumn = (property: string): string => `text_${property}`;
export const kindColumn = (property: string): string => `kind_${property}`;
export const numberColumn = (property: string): string => `number_${property}`;
