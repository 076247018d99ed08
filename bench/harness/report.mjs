import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { fileURLToPath } from 'node:url';

const rows = [];

/**
 * Notes one figure beside what it must reach: a share of its ceiling (`atLeast`), so many as well or alone (`minimum`, with
 * the ceiling beside it), or no more than a `limit`. `pass` is decided here and nowhere else; a figure without its ceiling
 * or limit cannot pass.
 */
export function figure(name, { value, unit, ceiling, ratio, limit, atLeast, minimum, note }) {
  let pass = false;
  let must = '';
  if (ceiling !== undefined && ratio !== undefined && (atLeast ?? minimum) !== undefined) {
    pass = ratio >= (atLeast ?? 0) && value >= (minimum ?? 0);
    const wanted = [atLeast, minimum === undefined ? undefined : `${format(minimum)} ${unit}`];
    const all = wanted.filter((each) => each !== undefined);
    must = `${ratio.toFixed(2)} x ceiling ${format(ceiling)}, must be ${all.join(' and ')}`;
  } else if (limit !== undefined) {
    pass = value <= limit;
    must = `at most ${limit} ${unit}`;
  }
  rows.push({ name, value, unit, ceiling, ratio, limit, atLeast, minimum, note, pass });
  console.log(
    `${pass ? 'ok  ' : 'MISS'} ${name}: ${format(value)} ${unit} (${must})${note ? `; ${note}` : ''}`,
  );
}

const format = (value) =>
  value >= 1000 ? Math.round(value).toLocaleString('en') : Number(value.toPrecision(3)).toString();

/** Writes the figures with the machine beside them; the last run of each scenario is kept. */
export function writeReport(scenario) {
  const directory = fileURLToPath(new URL('../results/', import.meta.url));
  mkdirSync(directory, { recursive: true });
  const machine = {
    cores: cpus().length,
    model: cpus()[0]?.model,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    node: process.version,
    platform: `${process.platform}-${process.arch}`,
  };
  const mine = rows.splice(0);
  writeFileSync(
    `${directory}${scenario}.json`,
    `${JSON.stringify({ scenario, date: new Date().toISOString().slice(0, 10), machine, figures: mine }, null, 2)}\n`,
  );
  return mine.every((row) => row.pass);
}
