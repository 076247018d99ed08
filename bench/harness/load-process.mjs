// The load generator, a process of its own: keep-alive connections on bare sockets, so that little of the two cores
// goes into asking. Started by load.mjs with one JSON argument; prints one JSON line.
import { connect } from 'node:net';
import { makeEvent, seeded } from './events.mjs';

const options = JSON.parse(process.argv[2]);
const { host, port, path, connections, seconds, batch, authorization, rate } = options;
const random = seeded(options.seed ?? 1);

function makeRequest() {
  const body =
    batch > 1
      ? JSON.stringify({ events: Array.from({ length: batch }, () => makeEvent(random)) })
      : JSON.stringify(makeEvent(random));
  return Buffer.from(
    `POST ${path} HTTP/1.1\r\nHost: ${host}:${port}\r\n` +
      (authorization === undefined ? '' : `Authorization: Bearer ${authorization}\r\n`) +
      `Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}

const requests = Array.from({ length: batch > 1 ? 64 : 2000 }, makeRequest);
const latencies = [];
const statuses = {};
let turn = 0;
let running = true;
let measuringFrom = Number.POSITIVE_INFINITY;
let done = 0;
const started = performance.now();
const idle = [];
let missed = 0;

class Connection {
  constructor(onReady) {
    this.pending = '';
    this.sentAt = 0;
    this.socket = connect({ host, port, noDelay: true }, onReady);
    this.socket.on('data', (chunk) => this.onData(chunk));
    this.socket.on('error', (error) => {
      console.error(`load: ${error.message}`);
      process.exit(1);
    });
  }

  send(due) {
    this.sentAt = due;
    this.socket.write(requests[turn++ % requests.length]);
  }

  onData(chunk) {
    this.pending = this.pending === '' ? chunk.latin1Slice() : this.pending + chunk.latin1Slice();
    const end = this.pending.indexOf('\r\n\r\n');
    if (end < 0) return;
    const length = Number(/content-length: (\d+)/i.exec(this.pending)?.[1] ?? 0);
    if (this.pending.length < end + 4 + length) return;
    const status = this.pending.slice(9, 12);
    this.pending = '';
    const now = performance.now();
    if (now >= measuringFrom) {
      statuses[status] = (statuses[status] ?? 0) + 1;
      done += 1;
      latencies.push(now - this.sentAt);
    }
    if (!running) return;
    if (rate === undefined) this.send(now);
    else idle.push(this);
  }
}

// With `rate` (requests a second) the load is open: latency counts from when a request was due.
function pace(from) {
  let due = 0;
  const timer = setInterval(() => {
    if (!running) return clearInterval(timer);
    const now = performance.now();
    while (from + (due * 1000) / rate <= now) {
      // Each in its turn: the server closes a connection on which nothing was ever asked.
      const connection = idle.shift();
      if (connection === undefined) {
        missed += 1;
        return;
      }
      connection.send(from + (due * 1000) / rate);
      due += 1;
    }
  }, 1);
}

await Promise.all(
  Array.from(
    { length: connections },
    () =>
      new Promise((resolve) => {
        const connection = new Connection(() => {
          if (rate === undefined) connection.send(performance.now());
          else idle.push(connection);
          resolve();
        });
      }),
  ),
);
if (rate !== undefined) pace(performance.now());
const warmup = (options.warmupSeconds ?? 1) * 1000;
setTimeout(() => {
  measuringFrom = performance.now();
}, warmup);
setTimeout(
  () => {
    running = false;
    const elapsed = (performance.now() - measuringFrom) / 1000;
    latencies.sort((a, b) => a - b);
    const at = (q) => latencies[Math.min(latencies.length - 1, Math.floor(q * latencies.length))] ?? null;
    console.log(
      JSON.stringify({
        requestsPerSecond: done / elapsed,
        eventsPerSecond: (done * batch) / elapsed,
        acknowledged: (statuses[201] ?? 0) * batch,
        statuses,
        missed,
        elapsedSeconds: elapsed,
        totalSeconds: (performance.now() - started) / 1000,
        latencyMs: { p50: at(0.5), p95: at(0.95), p99: at(0.99), max: at(1) },
      }),
    );
    process.exit(0);
  },
  warmup + seconds * 1000,
);
