import { complaintsOf } from './complaints.ts';
import { each, exchange, type Request } from './exchange.ts';
import { anyValue, hostileText, valueFor } from './hostile-values.ts';
import type { Operation } from './openapi.ts';
import { createRandom, type Random } from './random.ts';
import type { World } from './world.ts';

export interface FuzzOutcome {
  readonly sent: number;
  readonly wrong: readonly string[];
  readonly statuses: Readonly<Record<string, number>>;
}

/** Each of these may hash a password, and wrong ones make the next wait. */
const dearOperations = ['login', 'changePassword', 'createUser', 'updateUser'];
const dearRequests = 3;

/**
 * Sends requests that a seed determines. Every complaint names the number of its request, whose generator is seeded by
 * the number and the seed alone, so that one request is made again without those before it.
 */
export async function fuzz(
  world: World,
  { requests, seed }: { readonly requests: number; readonly seed: number },
): Promise<FuzzOutcome> {
  const wrong: string[] = [];
  const statuses: Record<string, number> = {};
  const spent = new Map<string, number>();
  let sent = 0;
  const [first, ...others] = world.operations.filter(({ isSocket }) => !isSocket);
  if (first === undefined) throw new Error('There are no operations');
  const numbers = Array.from({ length: requests }, (_, number) => number);
  await each(numbers, 8, async (number) => {
    const random = createRandom(seed * 1_000_003 + number);
    const operation = random.pick([first, ...others]);
    const request = makeRequest(operation, world, random);
    if (dearOperations.includes(operation.id)) {
      const used = (spent.get(operation.id) ?? 0) + 1;
      spent.set(operation.id, used);
      if (used > dearRequests) return;
    }
    sent++;
    try {
      const answer = await exchange(request);
      statuses[answer.status] = (statuses[answer.status] ?? 0) + 1;
      const complaints = complaintsOf(answer, world.secrets);
      if (complaints.length > 0)
        wrong.push(
          `request ${number} of seed ${seed}: ${describe(request)}: ${complaints.join('; ')}: ${answer.text.slice(0, 300)}`,
        );
    } catch (error) {
      wrong.push(`request ${number} of seed ${seed}: ${describe(request)}: ${String(error)}`);
    }
  });
  return { wrong, statuses, sent };
}

const describe = ({ method, path, body = '' }: Request): string =>
  `${method} ${path} ${String(body).slice(0, 300)}`;

function makeRequest(operation: Operation, world: World, random: Random): Request {
  const { parameters, schemas, body } = operation;
  const path = operation.path.replaceAll(/\{([^}]+)\}/g, (_, name: string) => {
    const known = parameters.find((one) => one.in === 'path' && one.name === name);
    return encodeURIComponent(textOf(known === undefined ? '' : valueFor(known.schema, schemas, random)));
  });
  const query = parameters
    .filter((one) => one.in === 'query' && (one.required || random.chance(0.25)))
    .map(({ name, schema }) => {
      const real = name.includes('<') ? name.replace(/<.*>/, () => hostileText(random)) : name;
      const value = random.chance(0.7) ? textOf(valueFor(schema, schemas, random)) : hostileText(random);
      return `${encodeURIComponent(real)}=${encodeURIComponent(value)}`;
    });
  if (random.chance(0.05)) query.push(`${encodeURIComponent(hostileText(random))}=1`);
  const credential = random.pick([
    world.roles.admin,
    world.roles.admin,
    world.keys.admin,
    world.roles.viewer,
    world.keys.ingest,
    hostileText(random),
  ]);
  const headers: Record<string, string> = {};
  if (isHeaderText(credential)) headers.authorization = `Bearer ${credential}`;
  for (const { name } of parameters.filter((one) => one.in === 'header')) {
    const value = hostileText(random);
    if (random.chance(0.3) && isHeaderText(value)) headers[name] = value;
  }
  if (random.chance(0.05)) headers['x-correlation-id'] = headerText(hostileText(random));
  if (random.chance(0.03)) headers.origin = headerText(hostileText(random));
  if (body !== null) headers['content-type'] = 'application/json';
  return {
    port: world.server.ports[operation.service],
    method: operation.method,
    path: query.length === 0 ? path : `${path}?${query.join('&')}`,
    headers,
    ...(body === null ? {} : { body: bodyText(operation, random) }),
  };
}

function bodyText({ body, schemas }: Operation, random: Random): string {
  const value = random.chance(0.9) && body !== null ? valueFor(body, schemas, random) : anyValue(random);
  const text = JSON.stringify(value);
  return random.chance(0.03) ? text.slice(0, random.below(text.length)) : text;
}

/** What Node's client lets through. */
const isHeaderText = (text: string): boolean => /^[\x20-\x7e]*$/.test(text);
const headerText = (text: string): string => (isHeaderText(text) ? text : 'x');

const textOf = (value: unknown): string => {
  if (typeof value === 'string') return value.isWellFormed() ? value : '';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
};
