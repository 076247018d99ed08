/*
 * Realistic event lines for the benchmarks: the same seed gives the same events. About 365 bytes a line, ten types,
 * 50,000 users of whom a few do most, 400 pages, ids UUIDv7 of the event's time.
 */

const types = [
  ['web.pageview', 0.34],
  ['web.click', 0.22],
  ['api.request', 0.16],
  ['api.response', 0.16],
  ['user.activity', 0.06],
  ['user.login', 0.02],
  ['user.logout', 0.01],
  ['error', 0.015],
  ['metric', 0.01],
  ['custom.checkout', 0.005],
];
const methods = ['GET', 'GET', 'GET', 'POST', 'PUT', 'DELETE'];
const browsers = ['Firefox', 'Chrome', 'Safari', 'Edge'];

/** Mulberry32: small, fast and good enough to draw workloads from. */
export function createRandom(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

const hex = (value, digits) => value.toString(16).padStart(digits, '0');

function uuidV7(random, time) {
  const stamp = hex(time, 12);
  const word = () => Math.floor(random() * 0x10000);
  const head = `${stamp.slice(0, 8)}-${stamp.slice(8)}-7${hex(Math.floor(random() * 0x1000), 3)}`;
  return `${head}-${hex(0x8000 | (word() & 0x3fff), 4)}-${hex(word(), 4)}${hex(word(), 4)}${hex(word(), 4)}`;
}

function drawType(random) {
  let rest = random();
  for (const [type, share] of types) {
    rest -= share;
    if (rest < 0) return type;
  }
  return types[0][0];
}

function drawData(random, type) {
  const page = `/section-${Math.floor(random() ** 2 * 20)}/page-${Math.floor(random() ** 2 * 20)}`;
  switch (type) {
    case 'api.request':
      return {
        endpoint: `/api${page}`,
        method: methods[Math.floor(random() * 6)],
        bytes: Math.floor(random() * 4096),
      };
    case 'api.response': {
      const draw = random();
      const status = draw < 0.95 ? 200 : draw < 0.98 ? 404 : 500;
      return {
        endpoint: `/api${page}`,
        method: 'GET',
        status,
        response_time: Math.round(random() ** 3 * 2e5) / 100,
      };
    }
    case 'error':
      return { message: `failed to load ${page}`, code: `E${Math.floor(random() * 40)}`, page };
    case 'metric':
      return { name: `queue.${Math.floor(random() * 12)}`, value: Math.round(random() * 1e6) / 1000 };
    default:
      return {
        page,
        element: `button.item-${Math.floor(random() * 50)}`,
        duration: Math.floor(random() * 9000),
      };
  }
}

/** `count` lines with timestamps drawn evenly from [start, end), in time order, as one buffer. */
export function drawBlock(random, count, start, end) {
  const step = (end - start) / count;
  let text = '';
  for (let i = 0; i < count; i++) {
    const time = Math.floor(start + step * i + random() * step);
    const stamp = new Date(time).toISOString();
    const type = drawType(random);
    const user = random() < 0.9 ? `"user-${Math.floor(random() ** 2 * 50000)}"` : 'null';
    const session = `"session-${Math.floor(random() * 1e6)}"`;
    const metadata = { browser: browsers[Math.floor(random() * 4)] };
    text +=
      `{"id":"${uuidV7(random, time)}","timestamp":"${stamp}","received_at":"${stamp}","project":"default",` +
      `"type":"${type}","source":"${type.startsWith('api') ? 'gateway' : 'website'}","severity":"medium",` +
      `"correlation_id":null,"session_id":${session},"user_id":${user},"tags":["bench"],` +
      `"metadata":${JSON.stringify(metadata)},"data":${JSON.stringify(drawData(random, type))}}\n`;
  }
  return Buffer.from(text);
}
