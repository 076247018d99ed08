/*
 * What one core does to an event at the edge: read the body strictly, validate, normalise, write the line, and add it to
 * a message. Beside each figure its ceiling of the same run: JSON.parse of the same bodies alone, and JSON.stringify
 * after it.
 *
 *   npx tsc -b && node bench/normalise.mjs [seconds a figure]
 */
import { randomFillSync } from 'node:crypto';
import { normaliseBatch } from '../packages/server/dist/domain/events/batch.js';
import { createEventTypes } from '../packages/server/dist/domain/events/event-types.js';
import { defaultEventLimits as limits } from '../packages/server/dist/domain/events/limits.js';
import { createNormalise, orThrow } from '../packages/server/dist/domain/events/normalise.js';
import { createTakeReceipt } from '../packages/server/dist/domain/events/receipt.js';
import { parseJson, readJson } from '../packages/server/dist/domain/events/strict-json.js';
import { createUuidV7 } from '../packages/server/dist/domain/events/uuid-v7.js';
import { MessageBody } from '../packages/server/dist/services/ingestion/message-body.js';
import { makeEvent, seeded } from './harness/events.mjs';

const seconds = Number(process.argv[2] ?? 1);
const batchSize = 100;
const clock = { now: Date.now };
const takeReceipt = createTakeReceipt(clock);
const newId = createUuidV7(clock, (bytes) => randomFillSync(bytes));
const normalise = createNormalise({ types: createEventTypes(), limits }, newId);

const draw = (count, known) => {
  const random = seeded(1);
  const timestamp = new Date().toISOString();
  return Array.from({ length: count }, () =>
    known ? { ...makeEvent(random, { withId: true }), timestamp } : makeEvent(random),
  );
};

/** Events a second, the best of five rounds. */
function rate(eventsPerCall, call) {
  let best = 0;
  for (let round = 0; round < 6; round += 1) {
    let calls = 0;
    const start = performance.now();
    const end = start + (seconds * 1000) / 6;
    while (performance.now() < end) for (let i = 0; i < 50; i += 1) call(calls++);
    const events = (calls * eventsPerCall * 1000) / (performance.now() - start);
    if (round > 0) best = Math.max(best, events);
  }
  return best;
}

let sink;
function message(accepted) {
  const body = new MessageBody();
  for (const { line } of accepted) body.append(line);
  return body.seal();
}

for (const known of [false, true]) {
  const events = draw(2000, known);
  const bodies = events.map((event) => Buffer.from(JSON.stringify(event)));
  const batches = Array.from({ length: events.length / batchSize }, (_, n) =>
    Buffer.from(JSON.stringify({ events: events.slice(n * batchSize, (n + 1) * batchSize) })),
  );
  const parsed = bodies.map((body) => JSON.parse(body.toString()));
  const bytes = bodies.reduce((sum, { length }) => sum + length, 0) / bodies.length;
  const at = (list, turn) => list[turn % list.length];
  const figures = {
    'JSON.parse (ceiling)': rate(1, (turn) => {
      sink = JSON.parse(at(bodies, turn).toString());
    }),
    'JSON.parse + JSON.stringify (ceiling)': rate(1, (turn) => {
      sink = Buffer.from(JSON.stringify(JSON.parse(at(bodies, turn).toString())));
    }),
    'strict parse': rate(1, (turn) => {
      sink = parseJson(at(bodies, turn), { maxDepth: limits.maxJsonDepth });
    }),
    'normalise, from parsed to line': rate(1, (turn) => {
      sink = orThrow(normalise(at(parsed, turn), takeReceipt('default')));
    }),
    'single body to message': rate(1, (turn) => {
      const input = parseJson(at(bodies, turn), { maxDepth: limits.maxJsonDepth });
      sink = message([orThrow(normalise(input, takeReceipt('default')))]);
    }),
    [`batch of ${batchSize} to message`]: rate(batchSize, (turn) => {
      const document = readJson(at(batches, turn));
      const receipt = takeReceipt('default');
      const options = { at: ['events'], receipt, partial: false, limits, normalise };
      sink = message(normaliseBatch(document, document.value.events, options).accepted);
    }),
  };
  console.log(`${known ? 'with' : 'without'} id and timestamp, ${Math.round(bytes)} bytes an event`);
  for (const [name, figure] of Object.entries(figures)) {
    const micros = (1e6 / figure).toFixed(2).padStart(6);
    console.log(`  ${name.padEnd(40)}${Math.round(figure).toLocaleString('en').padStart(10)}/s${micros} µs`);
  }
}
if (sink === undefined) throw new Error('Nothing was measured');
