import { StreamFlowError } from '../domain/errors.ts';

const json = ['application/json'] as const;

/** Checks the `Content-Type` of a body against what a route takes; text must be UTF-8. */
export function createMediaTypeCheck(
  consumes: readonly string[] = json,
): (contentType: string | undefined) => void {
  return (contentType) => {
    if (contentType !== undefined && consumes.includes(contentType)) return;
    const [type = '', ...parameters] = (contentType ?? '').toLowerCase().split(';');
    if (!consumes.includes(type.trim())) {
      const message =
        contentType === undefined
          ? 'Content-Type is missing'
          : 'Content-Type is not one that this route takes';
      throw new StreamFlowError('UnsupportedMediaType', message, {
        details: { field: 'Content-Type', allowed_values: [...consumes] },
      });
    }
    for (const parameter of parameters) {
      const [name = '', value = ''] = parameter.split('=');
      if (name.trim() === 'charset' && !/^"?utf-?8"?$/.test(value.trim()))
        throw new StreamFlowError('UnsupportedMediaType', 'The charset of the body must be utf-8', {
          details: { field: 'Content-Type', allowed_values: ['utf-8'] },
        });
    }
  };
}
