// Resident memory of the server and its engine child together: idle, and flat under load.
import { runLoad } from '../harness/load.mjs';
import { figure } from '../harness/report.mjs';
import { startServer } from '../harness/server.mjs';
import { median, residentBytes } from '../harness/statistics.mjs';

const mib = (bytes) => bytes / 2 ** 20;

export async function run({ minutes = 10 } = {}) {
  const server = await startServer();
  try {
    await new Promise((resolve) => setTimeout(resolve, 5000));
    figure('resident memory, idle', { value: mib(await residentBytes(server.pid)), unit: 'MiB', limit: 450 });
    const samples = [];
    const timer = setInterval(async () => samples.push(mib(await residentBytes(server.pid))), 2000);
    const result = await runLoad({
      host: '127.0.0.1',
      port: server.ports.ingestion,
      path: '/events/batch',
      connections: 16,
      batch: 100,
      authorization: server.key,
      seconds: minutes * 60,
    });
    clearInterval(timer);
    const note = `${minutes} minutes at ${Math.round(result.eventsPerSecond)} events/s`;
    figure('resident memory under full load, highest', {
      value: Math.max(...samples),
      unit: 'MiB',
      limit: 1000,
      note,
    });
    // The first sixth is warming up; after it the last third must not stand above the second.
    const settled = samples.slice(Math.floor(samples.length / 6));
    const third = Math.floor(settled.length / 3);
    const growth = median(settled.slice(-third)) / median(settled.slice(0, third));
    figure('resident memory under full load, last third over first', {
      value: growth,
      unit: 'x',
      limit: 1.1,
      note,
    });
  } finally {
    await server.stop();
  }
}
