import { StreamFlowApiError } from '@streamflow/client';
import { ConfigError } from '../config/load.ts';
import { StreamFlowError } from '../domain/errors.ts';

/** What went wrong, as JSON on one line or as one line for a person. */
export function reportError(error: unknown, json: boolean): string {
  const { code, message, details } = describe(error);
  if (json) return JSON.stringify({ error: code, message, ...(details === undefined ? {} : { details }) });
  return `streamflow: ${message}`;
}

function describe(error: unknown): { code: string; message: string; details?: unknown } {
  if (error instanceof StreamFlowApiError || error instanceof StreamFlowError)
    return { code: error.code, message: withField(error), details: error.details };
  if (error instanceof ConfigError)
    return { code: 'ConfigError', message: error.message, details: { problems: error.problems } };
  if (!(error instanceof Error)) return { code: 'Error', message: String(error) };
  const code = 'code' in error && typeof error.code === 'string' ? error.code : error.name;
  return { code, message: error.message };
}

/** The message, led by the field unless it names it. */
function withField({ message, details }: StreamFlowApiError | StreamFlowError): string {
  const { field } = details;
  return field === undefined || field === '' || message.includes(field) ? message : `${field}: ${message}`;
}
