import { AsyncLocalStorage } from 'node:async_hooks';

const underWay = new AsyncLocalStorage<string>();

/** Does the work, and whatever it leads to, on behalf of the request with this correlation id. */
export const correlated = <T>(correlationId: string, work: () => T): T => underWay.run(correlationId, work);

/** The correlation id of the request on whose behalf this runs; undefined outside of any. */
export const currentCorrelationId = (): string | undefined => underWay.getStore();
