import type { TSchema } from 'typebox';
import Type from 'typebox';
import type { Permission } from '../permissions.ts';

export type HttpMethod = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** One route of the API, written once: validation, types, permission and OpenAPI all come from this value. */
export interface RouteContract {
  readonly method: HttpMethod;
  /** Path in Fastify form, `/events/:id`. */
  readonly path: string;
  readonly operationId: string;
  readonly summary: string;
  readonly description?: string;
  readonly tag: string;
  /** What the caller must be allowed to do; `public` needs no credentials, `any` needs credentials of any kind. */
  readonly permission: Permission | 'public' | 'any';
  /** `false` where another method than GET only reads; all else is in the audit log. */
  readonly changes?: false;
  readonly params?: TSchema;
  /** Query parameters as they are after coercion from text. */
  readonly query?: TSchema;
  /** Query parameters whose names are not known beforehand: an object of them, by the pattern of their names. */
  readonly openQuery?: TSchema;
  readonly headers?: TSchema;
  readonly body?: TSchema;
  /** Content types of the body; `application/json` unless given. */
  readonly consumes?: readonly string[];
  /** Success answers by status. */
  readonly responses: Readonly<Record<number, ResponseContract>>;
}

export interface ResponseContract {
  readonly description: string;
  /** Absent for bodies that are not JSON. */
  readonly schema?: TSchema;
  /** `application/json` unless given. */
  readonly contentType?: string;
}

/** A WebSocket path and what is said on it, as JSON text. */
export interface SocketContract {
  readonly path: string;
  readonly operationId: string;
  readonly summary: string;
  readonly description: string;
  readonly tag: string;
  readonly permission: Permission;
  readonly query?: TSchema;
  /** As of a route. */
  readonly openQuery?: TSchema;
  readonly clientFrame: TSchema;
  readonly serverFrame: TSchema;
}

export const defineSocket = <const T extends SocketContract>(socket: T): T => socket;

export const defineRoute = <const T extends RouteContract>(route: T): T => route;

/** `{ success, message, data, timestamp }`: the answer about a single thing. */
export const Envelope = <T extends TSchema>(data: T) =>
  Type.Object({
    success: Type.Literal(true),
    message: Type.String(),
    data,
    timestamp: Type.String({ format: 'date-time' }),
  });

export const Pagination = Type.Object(
  {
    page: Type.Integer({ minimum: 1 }),
    page_size: Type.Integer({ minimum: 1 }),
    total: Type.Integer({ minimum: 0 }),
    pages: Type.Integer({ minimum: 0 }),
    has_next: Type.Boolean(),
    has_prev: Type.Boolean(),
    next_cursor: Type.Optional(
      Type.Union([Type.String(), Type.Null()], {
        description: 'Pass as `cursor` to read on; stable however deep, null at the end.',
      }),
    ),
  },
  { $id: 'Pagination' },
);
export type Pagination = Type.Static<typeof Pagination>;

/** `{ data: [...], pagination }`: the answer that is a list. */
export const Page = <T extends TSchema>(item: T) =>
  Type.Object({ data: Type.Array(item), pagination: Pagination });
