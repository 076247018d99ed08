import {
  type Permission,
  type Role,
  rolePermissions,
  roles,
  type Scope,
  scopePermissions,
  scopes,
  serviceNames,
} from '@streamflow/contracts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { complaintsOf, jsonOf } from './complaints.ts';
import { defects } from './defects.ts';
import { type Answer, closeConnections, each, exchange, type Request } from './exchange.ts';
import { fuzz } from './fuzz.ts';
import { type Operation, pathOf } from './openapi.ts';
import { openWorld, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await openWorld();
}, 90_000);
afterAll(async () => {
  closeConnections();
  await world?.stop();
}, 60_000);

const handshake = {
  upgrade: 'websocket',
  connection: 'Upgrade',
  'sec-websocket-version': '13',
  'sec-websocket-key': 'AAAAAAAAAAAAAAAAAAAAAA==',
};
const send = (operation: Operation, changes: Partial<Request>): Promise<Answer> =>
  exchange({
    port: world.server.ports[operation.service],
    method: operation.method,
    path: pathOf(operation),
    ...changes,
    headers: { ...(operation.isSocket ? handshake : {}), ...changes.headers },
  });
const nameOf = ({ service, method, path }: Operation): string => `${service} ${method} ${path}`;
const codeOf = ({ text }: Answer): unknown => jsonOf(text).error;

describe('the corpus', () => {
  it('is answered as its table says: every defect on every route that can have it', async () => {
    const cases = defects.flatMap((defect) =>
      world.operations.flatMap((operation) => {
        const changes = defect.make(operation, world);
        return changes === null ? [] : [{ defect, operation, changes }];
      }),
    );
    const pairs = new Set(cases.map(({ defect, operation }) => `${nameOf(operation)}: ${defect.name}`));
    expect(pairs.size).toBe(cases.length);
    expect(pairs.size).toBeGreaterThanOrEqual(400);
    expect(new Set(cases.map(({ operation }) => operation.service)).size).toBe(serviceNames.length);

    const wrong: string[] = [];
    await each(cases, 8, async ({ defect, operation, changes }) => {
      const answer = await send(operation, changes);
      const found = complaintsOf(answer, world.secrets);
      if (answer.status !== defect.status || codeOf(answer) !== defect.code)
        found.push(`answered ${answer.status} ${codeOf(answer)}, not ${defect.status} ${defect.code}`);
      if (found.length > 0) wrong.push(`${nameOf(operation)}: ${defect.name}: ${found.join('; ')}`);
    });
    console.log(`${cases.length} distinct pairs of route and defect`);
    expect(wrong).toEqual([]);
  }, 120_000);
});

describe('permissions', () => {
  it('are on every route what the table says, for every role and every key', async () => {
    type Caller = { name: string; credential: string; permissions: readonly Permission[] };
    const callers: Caller[] = [
      ...roles.map((role: Role) => ({
        name: role,
        credential: world.roles[role],
        permissions: rolePermissions[role],
      })),
      ...scopes.map((scope: Scope) => ({
        name: `key for ${scope}`,
        credential: world.keys[scope],
        permissions: scopePermissions[scope],
      })),
    ];
    const wrong: string[] = [];
    let asked = 0;
    const pairs = world.operations.flatMap((operation) => callers.map((caller) => ({ operation, caller })));
    await each(pairs, 8, async ({ operation, caller }) => {
      const { permission, id } = operation;
      if (permission === 'public') return;
      asked++;
      const isAllowed = permission === 'any' || caller.permissions.some((one) => one === permission);
      const { status } = await send(operation, {
        headers: {
          authorization: `Bearer ${caller.credential}`,
          ...(operation.body === null ? {} : { 'content-type': 'application/json' }),
        },
        ...(operation.body === null ? {} : { body: '{"no_such_field":1}' }),
      });
      if (isAllowed === [401, 403].includes(status))
        wrong.push(`${nameOf(operation)} (${id}) answered ${status} to ${caller.name}`);
    });
    console.log(`${asked} pairs of route and caller`);
    expect(wrong).toEqual([]);
  }, 60_000);
});

describe('fuzzing from the OpenAPI documents', () => {
  it('finds no 500 and no leak', async () => {
    const requests = Number(process.env.SECURITY_REQUESTS ?? 1500);
    const seed = Number(process.env.SECURITY_SEED ?? 20231201);
    const { wrong, statuses, sent } = await fuzz(world, { requests, seed });
    console.log(`seed ${seed}, ${sent} requests, statuses ${JSON.stringify(statuses)}`);
    expect(sent).toBeGreaterThan(requests * 0.7);
    expect(wrong).toEqual([]);
  }, 1_800_000);
});

it('leaves no secret in what the process printed, and the process alive', async () => {
  const output = world.server.output();
  for (const secret of world.secrets.slice(0, -1)) expect(output).not.toContain(secret);
  for (const service of serviceNames)
    expect((await fetch(world.server.url(service, '/ready'))).status).toBe(200);
  expect(output).not.toMatch(/"level":"(error|critical)"/i);
});
