import { StreamFlowError } from '../domain/errors.ts';
import type { Principal } from './service.ts';

/** Why the caller may not come from this origin; null when it may. Keys for pages are of no use without one. */
export function originRefusal(principal: Principal, origin: string | undefined): StreamFlowError | null {
  const { allowedOrigins } = principal;
  if (allowedOrigins === null || allowedOrigins === undefined) return null;
  if (origin !== undefined && allowedOrigins.includes(origin)) return null;
  return new StreamFlowError('PermissionDenied', 'This API key may not be used from here', {
    details: { field: 'Origin' },
  });
}
