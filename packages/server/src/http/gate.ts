import type { Permission, RouteContract, ServiceName } from '@streamflow/contracts';
import type { FastifyReply, FastifyRequest, HookHandlerDoneFunction } from 'fastify';
import type { Clock } from '../domain/clock.ts';
import { StreamFlowError } from '../domain/errors.ts';
import type { RateLimitDecision } from '../engines/rate-limiter/port.ts';
import type { ClientAddress } from './client-address.ts';
import { credentialsMissing, headerCredential, queryCredential } from './credentials.ts';
import { originRefusal } from './key-origin.ts';
import { type RatePolicy, rateLimitExceeded, secondsUntil } from './rate-limits.ts';
import type { Principal } from './service.ts';

/** Who may come in. */
export interface Access {
  /** Checks a JWT or an API key; throws or rejects with AuthenticationRequired. */
  authenticate(credential: string): Principal | Promise<Principal>;
  /** Whether events are taken without credentials (ingestion only). */
  readonly allowAnonymous: boolean;
}

export interface GateOptions {
  readonly service: ServiceName;
  readonly access: Access;
  /** null: nothing is limited. */
  readonly rates: RatePolicy | null;
  readonly clientAddress: ClientAddress;
  readonly clock: Clock;
}

export type OnRequest = (request: FastifyRequest, reply: FastifyReply, done: HookHandlerDoneFunction) => void;

/** The caller of routes that ask for no credentials. */
const nobody: Principal = {
  kind: 'anonymous',
  id: 'anonymous',
  name: 'anonymous',
  role: null,
  permissions: new Set(),
  project: 'default',
};

/** The caller without credentials where events may be sent anonymously. */
const anonymousSender: Principal = { ...nobody, permissions: new Set<Permission>(['events:write']) };

export function permissionDenied(permission: Permission): StreamFlowError {
  return new StreamFlowError('PermissionDenied', `This needs the permission ${permission}`, {
    details: { permission },
  });
}

function stampLimit(reply: FastifyReply, decision: RateLimitDecision, now: number): void {
  reply.header('x-ratelimit-limit', decision.limit);
  reply.header('x-ratelimit-remaining', decision.remaining);
  reply.header('x-ratelimit-reset', decision.resetAt);
  // The same as structured fields (draft-ietf-httpapi-ratelimit-headers), for clients that know those.
  reply.header('ratelimit-policy', `"minute";q=${decision.limit};w=60`);
  reply.header('ratelimit', `"minute";r=${decision.remaining};t=${secondsUntil(decision.resetAt, now)}`);
}

/**
 * The hook before a route: who is calling, how often, and may they. It runs before the body is read, and stays
 * synchronous when authentication and limiter answer synchronously: it is on the way of every event.
 */
export function createGate(options: GateOptions): (contract: RouteContract) => OnRequest {
  const { access, rates, clientAddress, clock } = options;

  const limited = (
    reply: FastifyReply,
    taken: RateLimitDecision | Promise<RateLimitDecision> | null,
    next: (refusal?: StreamFlowError) => void,
  ): void => {
    const decided = (decision: RateLimitDecision): void => {
      stampLimit(reply, decision, clock.now());
      if (decision.allowed) next();
      else next(rateLimitExceeded(decision, clock.now()));
    };
    if (taken === null) next();
    else if (taken instanceof Promise) taken.then(decided, next);
    else decided(taken);
  };

  return (contract) => {
    const { permission } = contract;
    const keyInQuery = contract.query !== undefined && 'api_key' in propertiesOf(contract.query);
    const anonymous =
      options.service === 'ingestion' && access.allowAnonymous && permission === 'events:write'
        ? anonymousSender
        : null;

    const refuse = (
      request: FastifyRequest,
      reply: FastifyReply,
      error: unknown,
      done: HookHandlerDoneFunction,
    ) => {
      const failure = asError(error);
      if (
        rates === null ||
        !(failure instanceof StreamFlowError) ||
        failure.code !== 'AuthenticationRequired'
      )
        return done(failure);
      limited(reply, rates.forStranger(clientAddress(request.raw)), (refusal) => done(refusal ?? failure));
    };

    const admit = (
      request: FastifyRequest,
      reply: FastifyReply,
      principal: Principal,
      done: HookHandlerDoneFunction,
    ): void => {
      request.principal = principal;
      const taken = rates === null ? null : rates.forPrincipal(principal, clientAddress(request.raw));
      limited(reply, taken, (refusal) => {
        if (refusal !== undefined) done(refusal);
        else if (permission !== 'any' && permission !== 'public' && !principal.permissions.has(permission))
          done(permissionDenied(permission));
        else done(originRefusal(principal, request.raw.headers.origin) ?? undefined);
      });
    };

    if (permission === 'public')
      return (request, reply, done) => {
        request.principal = nobody;
        limited(reply, rates === null ? null : rates.forStranger(clientAddress(request.raw)), done);
      };

    return (request, reply, done) => {
      let principal: Principal | Promise<Principal>;
      try {
        let credential = headerCredential(request.raw.headers);
        if (credential === null && keyInQuery) credential = queryCredential(request.raw.url ?? '');
        if (credential !== null) principal = access.authenticate(credential);
        else if (anonymous !== null) principal = anonymous;
        else return refuse(request, reply, credentialsMissing(), done);
      } catch (error) {
        return refuse(request, reply, error, done);
      }
      if (principal instanceof Promise)
        principal.then(
          (known) => admit(request, reply, known, done),
          (error: unknown) => refuse(request, reply, error, done),
        );
      else admit(request, reply, principal, done);
    };
  };
}

const asError = (error: unknown): Error => (error instanceof Error ? error : new Error(String(error)));

function propertiesOf(schema: object): object {
  return 'properties' in schema && typeof schema.properties === 'object' && schema.properties !== null
    ? schema.properties
    : {};
}
