import type { Mutant } from './mutant.ts';

/*
 * Defects that a server must not have and that the run exists to find, each made by a change of the compiled code. They
 * are what tempts: each makes the server faster.
 */

const beforeConfirm = {
  name: 'acknowledges before the confirm',
  file: 'services/ingestion/publisher.js',
  replace: [['    await bus.publish([batch]);', '    void bus.publish([batch]).catch(() => {});']],
  shows: /\d+ lost/,
} as const;

export const mutants: readonly Mutant[] = [
  {
    ...beforeConfirm,
    shape: 'embedded',
    faults: ['kill -9 of ingestion after confirm', 'kill -9 of anything, at random'],
    kills: 4,
  },
  {
    ...beforeConfirm,
    shape: 'rabbitmq',
    faults: ['link ingestion–broker black-holed'],
    seconds: 8,
  },
  {
    name: 'does not look up ids that may be known',
    shape: 'embedded',
    faults: ['clients send again what was acknowledged'],
    file: 'engines/event-store/clickhouse/append.js',
    replace: [['block.mayBeKnown || failed.has(name)', 'failed.has(name)']],
    shows: /\d+ doubled/,
  },
  {
    name: 'marks ids as seen before they are written',
    shape: 'embedded',
    faults: ['kill -9 of the embedded event store'],
    file: 'engines/event-store/clickhouse/append.js',
    replace: [
      [
        'split(lines, await findKnownIds(statements, lines, clock.now()));',
        'split(lines, await withSeen(lines, () => findKnownIds(statements, lines, clock.now())));',
      ],
      [
        'const rememberedFailures = 1000;',
        `const rememberedFailures = 1000;
const seen = new Set();
async function withSeen(lines, find) {
  const before = lines.filter(({ id }) => seen.has(id));
  for (const { id } of lines) seen.add(id);
  const all = new Map(await find());
  for (const { project, id } of before) all.set(project, new Set(all.get(project)).add(id));
  return all;
}`,
      ],
    ],
    shows: /\d+ lost/,
  },
  {
    name: 'acknowledges a delivery before the write',
    shape: 'rabbitmq',
    faults: ['kill -9 of storage during commit'],
    file: 'services/storage/block-storing.js',
    replace: [
      [
        'const tried = await attempt(() => store.append({ ...block, mayBeKnown }));',
        'for (const delivery of deliveries) delivery.ack();\n            const tried = await attempt(() => store.append({ ...block, mayBeKnown }));',
      ],
    ],
    shows: /\d+ lost/,
  },
  {
    name: 'marks ids as seen before they are written',
    shape: 'servers',
    faults: ['kill -9 of PostgreSQL', 'kill -9 of storage during commit'],
    file: 'engines/event-store/postgres/append.js',
    // Outside of the transaction that writes the events.
    replace: [
      [
        'const known = await takeLines(statements, block, lines);',
        'const known = await takeLines(postgres, block, lines);',
      ],
    ],
    shows: /\d+ lost/,
  },
  {
    name: 'skips the roll-up of minutes',
    shape: 'servers',
    faults: ['clients send again what was acknowledged'],
    file: 'engines/event-store/postgres/append-sql.js',
    replace: [['from stored group by 1, 4, 5, 6, 7', 'from stored where false group by 1, 4, 5, 6, 7']],
    shows: /by the totals|minutes differ/,
  },
  {
    name: 'skips the roll-up of users',
    shape: 'servers',
    faults: ['clients send again what was acknowledged'],
    file: 'engines/event-store/postgres/append-sql.js',
    replace: [['from stored where user_id is not null', 'from stored where user_id is null']],
    shows: /days of users differ/,
  },
];
