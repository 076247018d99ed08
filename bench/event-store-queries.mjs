/*
 * How fast the event store answers at 10 million events over 30 days, by the port; `npm run bench -- queries` asks the
 * same by HTTP.
 *
 *   node bench/event-store-queries.mjs <directory> [events=10000000] [runs=11] [cases whose name has this]
 *
 * Processor time is the engine's, and says more than the clock where other work shares the machine.
 *
 * Loads the events into the directory once, through the port, and uses what is there the next time. Figures are
 * medians of several runs beside their targets. Every run asks about another day, user or event, so that no cache has
 * the answer.
 */
import os from 'node:os';
import { createRandom } from './event-lines.mjs';
import { median, processorMs, residentBytes } from './harness/statistics.mjs';
import { begin, day, days, end, loadEvents, openStore, project, users } from './harness/stored-events.mjs';

const [directory, events = '10000000', runs = '11', wanted = ''] = process.argv.slice(2);
if (directory === undefined) {
  console.error('usage: node bench/event-store-queries.mjs <directory> [events] [runs] [cases]');
  process.exit(2);
}
const hour = 3_600_000;
const opened = await openStore(directory);
const { store } = opened;
await loadEvents(opened, Number(events));

const random = createRandom(29);
const oneDay = () => {
  const start = begin + Math.floor(random() * days) * day;
  return { project, start, end: start + day };
};
const allDays = () => ({ project, start: begin, end });
const byType = { kind: 'field', field: 'type' };
const byPage = { kind: 'property', path: ['page'] };
const count = (filter) => store.aggregate({ filter, metric: 'count', groupBy: [byType], limit: 100 });
const hourly = (filter) => store.history({ filter, interval: hour });
/** Local days of a zone two hours ahead, which are no multiple of a length. */
const localDays = ({ start, end, ...filter }) => {
  const edges = Array.from({ length: (end - start) / day + 2 }, (_, i) => start - 2 * hour + i * day);
  return store.history({ filter: { ...filter, start, end }, interval: edges });
};
const allMeasures = (filter) =>
  store.history({
    filter,
    interval: hour,
    measures: ['users', 'sessions', 'response_time', 'response_time_quantiles'],
  });
const responseTimes = (filter) =>
  store.history({ filter, interval: hour, measures: ['response_time_quantiles'] });
const pageSeries = (filter) =>
  store.aggregate({ filter, metric: 'count', groupBy: [byPage], limit: 10, interval: hour });
const pages = (filter) => store.aggregate({ filter, metric: 'count', groupBy: [byPage], limit: 10 });
const quantile = (filter) =>
  store.aggregate({ filter, metric: 'p95', field: ['response_time'], groupBy: [byType], limit: 10 });
const unpromoted = (filter) =>
  store.aggregate({ filter, metric: 'count', groupBy: [{ kind: 'property', path: ['element'] }], limit: 10 });
const ofUser = () => {
  const userIds = [`user-${Math.floor(random() ** 2 * users)}`];
  return store.list({ filter: { project, userIds }, order: 'desc', limit: 100 });
};
const sample = (await store.list({ filter: oneDay(), order: 'asc', limit: 1000 })).events;

const cases = [
  ['count by type, a day', 30, () => count(oneDay())],
  ['count by type, 30 days', 120, () => count(allDays())],
  ['hourly totals, users, errors, a day', 50, () => hourly(oneDay())],
  ['hourly totals, users, errors, 30 days', 400, () => hourly(allDays())],
  ['local days, users, errors, 30 days', null, () => localDays(allDays())],
  ['hourly, every measure, a day', null, () => allMeasures(oneDay())],
  ['hourly, every measure, 30 days', null, () => allMeasures(allDays())],
  ['hourly quantiles of response time, 30 days', null, () => responseTimes(allDays())],
  ['hourly by the top 10 of data.page, 30 days', null, () => pageSeries(allDays())],
  ['top 10 of data.page, a day', 40, () => pages(oneDay())],
  ['top 10 of data.page, 30 days', 300, () => pages(allDays())],
  ['first page of 100 by user with its total', 100, ofUser],
  ['event by id', 30, () => store.get(project, sample[Math.floor(random() * sample.length)].id)],
  ['p95 of data.response_time by type, a day', null, () => quantile(oneDay())],
  ['top 10 of a property without a column, a day', null, () => unpromoted(oneDay())],
  ['newest 100', null, () => store.list({ filter: oneDay(), order: 'desc', limit: 100 })],
];
for (const [name, target, ask] of cases.filter(([name]) => name.includes(wanted))) {
  const times = [];
  let processor = 0;
  for (let run = -2; run < Number(runs); run++) {
    if (run === 0) processor = await processorMs(opened.pid);
    const started = performance.now();
    await ask();
    if (run >= 0) times.push(performance.now() - started);
  }
  const used = ((await processorMs(opened.pid)) - processor) / times.length;
  const figure = median(times);
  const best = Math.min(...times);
  const verdict = target === null ? '' : `target ${target} ms, ${figure <= target ? 'reached' : 'MISSED'}`;
  console.log(
    `${name.padEnd(46)} ${figure.toFixed(1).padStart(7)} ms, best ${best.toFixed(1).padStart(6)}, processor ${used.toFixed(0).padStart(4)} ms  ${verdict}`,
  );
}
console.log(`resident memory: child ${((await residentBytes(opened.pid)) / 2 ** 20).toFixed(0)} MiB`);
console.log(
  `on ${os.cpus().length} × ${os.cpus()[0]?.model}, Node ${process.version}, load ${os.loadavg()[0]?.toFixed(1)}`,
);
await opened.close();
