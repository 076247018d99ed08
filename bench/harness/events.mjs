// Realistic events for load: about 365 bytes each as a request body, the same sequence for the same seed.
import { randomUUID } from 'node:crypto';

const pages = [
  '/',
  '/pricing',
  '/docs',
  '/docs/start',
  '/blog',
  '/login',
  '/dashboard',
  '/settings/team',
  '/search',
];
const types = ['web.click', 'web.pageview', 'api.request', 'api.response', 'user.activity'];
const sources = ['website', 'api-gateway', 'mobile', 'billing'];
const agents = ['Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0', 'curl/8.5.0'];

/** A small deterministic generator (mulberry32). */
export function seeded(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

export function makeEvent(random, { withId = false } = {}) {
  const pick = (list) => list[Math.floor(random() * list.length)];
  const user = Math.floor(random() ** 2 * 50_000);
  return {
    ...(withId ? { id: randomUUID() } : {}),
    type: pick(types),
    source: pick(sources),
    data: {
      page: pick(pages),
      element: 'button.submit',
      duration_ms: Math.round(random() * 2000) / 10,
      status: random() < 0.03 ? 500 : 200,
      user_agent: pick(agents),
      referrer: 'https://www.example.com/search?q=streamflow',
    },
    severity: random() < 0.1 ? 'high' : 'medium',
    session_id: `session-${user}-${Math.floor(random() * 10)}`,
    user_id: `user-${user}`,
    tags: ['frontend', 'user-interaction'],
  };
}
