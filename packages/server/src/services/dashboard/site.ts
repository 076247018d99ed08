import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Site } from '../../http/service.ts';

/** A file of the pages in the forms in which it travels. */
export interface SiteFile {
  readonly type: string;
  readonly entityTag: string;
  /** Its name changes with its content: it may be kept for ever. */
  readonly immutable: boolean;
  readonly plain: Buffer;
  readonly br: Buffer | null;
  readonly gzip: Buffer | null;
}

const page = '/index.html';
/** Pages below here are files of their own: there is one, or there is nothing. */
const documentation = '/docs/';

/** Scripts, styles and data come from here alone; nothing is inline, nothing may frame the pages. */
const contentSecurityPolicy =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; " +
  "connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** Serves the files by their paths, and the page of the dashboard for every other path that a person opens. */
export function createSite(files: ReadonlyMap<string, SiteFile>): Site {
  return {
    answer(request, reply) {
      if (request.method !== 'GET' && request.method !== 'HEAD') return false;
      const [path = ''] = request.url.split('?');
      const file =
        files.get(path) ??
        files.get(`${path.replace(/\/$/, '')}.html`) ??
        (isNavigation(request, path) ? files.get(page) : undefined);
      if (file === undefined) return false;
      send(request, reply, file);
      return true;
    },
  };
}

/** Whoever asks for a page by name takes HTML; programs that ask for what there is not get the error that they know. */
const isNavigation = (request: FastifyRequest, path: string): boolean =>
  path === '/' ||
  (request.headers.accept?.includes('text/html') === true &&
    !path.startsWith('/assets/') &&
    !path.startsWith(documentation));

function send(request: FastifyRequest, reply: FastifyReply, file: SiteFile): void {
  const accepted = acceptedCodings(request.headers['accept-encoding']);
  const [coding, body] =
    file.br !== null && accepted.has('br')
      ? (['br', file.br] as const)
      : file.gzip !== null && accepted.has('gzip')
        ? (['gzip', file.gzip] as const)
        : ([null, file.plain] as const);
  const entityTag = coding === null ? `"${file.entityTag}"` : `"${file.entityTag}-${coding}"`;
  reply.headers({
    'cache-control': file.immutable ? 'public, max-age=31536000, immutable' : 'no-cache',
    'content-security-policy': contentSecurityPolicy,
    'cross-origin-opener-policy': 'same-origin',
    etag: entityTag,
    vary: 'accept-encoding',
  });
  const known = (request.headers['if-none-match'] ?? '').split(',').map((tag) => tag.trim());
  if (known.includes(entityTag)) {
    reply.code(304).send();
    return;
  }
  if (coding !== null) reply.header('content-encoding', coding);
  reply.code(200).header('content-type', file.type).send(body);
}

/** The codings that the client takes; one with a weight of zero is refused. */
function acceptedCodings(header: string | string[] | undefined): ReadonlySet<string> {
  const parts = String(header ?? '')
    .toLowerCase()
    .split(',')
    .map((part) => part.trim().split(/\s*;\s*q=/));
  return new Set(parts.flatMap(([name = '', weight]) => (Number(weight ?? 1) > 0 ? [name] : [])));
}
