import { createHash } from 'node:crypto';
import type { ServiceName } from '@streamflow/contracts';
import { serviceNames } from '@streamflow/contracts';

export interface HomePage {
  readonly version: string;
  /** Base URL of a service, without a slash at the end. */
  url(service: ServiceName): string;
}

const purposes: Readonly<Record<ServiceName, string>> = {
  ingestion: 'takes events over HTTP and WebSocket',
  analytics: 'computes metrics from them',
  alerting: 'watches the metrics',
  dashboard: 'serves this page, users and API keys',
  storage: 'keeps every event and answers queries',
};

const style = `
:root { color-scheme: light dark; }
body { font: 1rem/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 46rem; padding: 1.5rem 1rem 3rem; }
h1 { font-size: 1.6rem; margin: 0; }
h2 { font-size: 1.15rem; margin: 2rem 0 0.5rem; }
p { margin: 0.5rem 0; }
table { border-collapse: collapse; width: 100%; }
td, th { border-bottom: 1px solid color-mix(in srgb, currentColor 20%, transparent); padding: 0.4rem 0.75rem 0.4rem 0; text-align: left; vertical-align: top; }
pre { background: color-mix(in srgb, currentColor 8%, transparent); border-radius: 0.4rem; overflow-x: auto; padding: 0.75rem; }
code, pre { font-family: ui-monospace, monospace; font-size: 0.875rem; }
.quiet { opacity: 0.7; }
@media (max-width: 34rem) { td, th { display: block; border: 0; padding: 0; } td:first-child { font-weight: 600; padding-top: 0.6rem; } thead { display: none; } }
`;

/** Nothing is loaded and nothing runs; the page's own style is allowed by its digest. */
export const homePagePolicy = `default-src 'none'; style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;

/** The start page: what runs where, and the way to the first event. */
export function renderHomePage({ version, url }: HomePage): string {
  const rows = serviceNames.map((name) => {
    const base = escapeHtml(url(name));
    return `<tr><td>${name}</td><td><a href="${base}/docs">${base}</a></td><td>${purposes[name]}; <a href="${base}/health">health</a></td></tr>`;
  });
  const signIn = `TOKEN=$(curl -s ${url('ingestion')}/auth/login -H 'content-type: application/json' \\
  -d '{"username":"YOUR_EMAIL","password":"YOUR_PASSWORD"}' | sed 's/.*"access_token":"\\([^"]*\\)".*/\\1/')`;
  const send = `curl ${url('ingestion')}/events -H "authorization: Bearer $TOKEN" -H 'content-type: application/json' \\
  -d '{"type":"web.click","source":"website","data":{"page":"/dashboard"}}'`;
  const query = `curl "${url('storage')}/events/aggregations?metric=count&group_by=type" -H "authorization: Bearer $TOKEN"`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>StreamFlow</title>
<style>${style}</style>
</head>
<body>
<header>
<h1>StreamFlow</h1>
<p class="quiet">Version ${escapeHtml(version)}</p>
</header>
<main>
<h2>What runs where</h2>
<table>
<thead><tr><th>Service</th><th>API</th><th>What it does</th></tr></thead>
<tbody>
${rows.join('\n')}
</tbody>
</table>
<h2>The first event</h2>
<p>Sign in. The first start printed the way, unless the administrator was configured:</p>
<pre><code>${escapeHtml(signIn)}</code></pre>
<p>Send an event:</p>
<pre><code>${escapeHtml(send)}</code></pre>
<p>Count the events by type:</p>
<pre><code>${escapeHtml(query)}</code></pre>
</main>
</body>
</html>
`;
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};
const escapeHtml = (text: string): string =>
  text.replaceAll(/[&<>"']/g, (character) => entities[character] ?? '');
