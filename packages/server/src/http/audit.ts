import type { RouteContract } from '@streamflow/contracts';
import { errorCatalogue } from '@streamflow/contracts';
import { knownError } from './error-answer.ts';
import type { Principal, RequestContext } from './service.ts';

/** A change that is about to be made. */
export interface AuditedChange {
  readonly principal: Principal;
  readonly action: string;
  readonly target: string | null;
  readonly fields: readonly string[];
  readonly address: string;
  readonly correlationId: string;
}

/** Tells how it ended, and on what, when that was not known before. */
export type CloseEntry = (status: number, target?: string) => Promise<void>;

export interface AuditTrail {
  /** Resolves when the entry is durable; rejects when it cannot be, and the change must not be made. */
  open(change: AuditedChange): Promise<CloseEntry>;
}

/** Events are not changes but what the product is for; signing in has entries of its own. */
export const isAudited = ({ method, permission, changes }: RouteContract): boolean =>
  method !== 'GET' && changes !== false && permission !== 'events:write' && permission !== 'public';

/** Makes the change between an entry that says that it is begun and a note of how it ended. */
export async function audited(
  trail: AuditTrail,
  contract: RouteContract,
  context: RequestContext & { readonly body: unknown },
  status: number,
  change: () => unknown,
): Promise<unknown> {
  const { principal, address, correlationId, body, params } = context;
  const close = await trail.open({
    principal,
    action: contract.operationId,
    target: firstText(params),
    fields: typeof body === 'object' && body !== null && !Array.isArray(body) ? Object.keys(body) : [],
    address,
    correlationId,
  });
  try {
    const result = await change();
    await close(status, idOf(result));
    return result;
  } catch (error) {
    await close(errorCatalogue[knownError(error)?.code ?? 'InternalError'].status);
    throw error;
  }
}

function firstText(params: unknown): string | null {
  const [first]: unknown[] = typeof params === 'object' && params !== null ? Object.values(params) : [];
  return typeof first === 'string' ? first.toLowerCase() : null;
}

/** The id in `{ data: { id } }`. */
function idOf(result: unknown): string | undefined {
  if (typeof result !== 'object' || result === null || !('data' in result)) return undefined;
  const { data } = result;
  if (typeof data !== 'object' || data === null || !('id' in data)) return undefined;
  return typeof data.id === 'string' ? data.id : undefined;
}
