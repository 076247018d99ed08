export type Language = 'curl' | 'typescript' | 'python' | 'browser';

export const languages: readonly { readonly value: Language; readonly label: string }[] = [
  { value: 'curl', label: 'curl' },
  { value: 'typescript', label: 'TypeScript' },
  { value: 'python', label: 'Python' },
  { value: 'browser', label: 'Browser' },
];

/** A program that sends one event, as it stands. `origin`: address of the dashboard, which passes events on. */
export function snippet(language: Language, origin: string, madeKey: string | null): string {
  const key = madeKey ?? 'YOUR_KEY';
  const url = `${origin}/api/ingestion/events`;
  switch (language) {
    case 'curl':
      return `curl ${url} \\
  -H 'Authorization: Bearer ${key}' \\
  -H 'Content-Type: application/json' \\
  -d '{"type":"web.click","source":"website","data":{"page":"/pricing"},"user_id":"user123"}'`;
    case 'typescript':
      return `import { StreamFlow } from '@streamflow/client';

const streamflow = new StreamFlow({
  dashboardUrl: '${origin}',
  apiKey: '${key}',
});
streamflow.track({
  type: 'web.click',
  source: 'website',
  data: { page: '/pricing' },
  user_id: 'user123',
});
await streamflow.close();`;
    case 'python':
      return `import json, urllib.request

request = urllib.request.Request(
    "${url}",
    data=json.dumps({
        "type": "web.click",
        "source": "website",
        "data": {"page": "/pricing"},
        "user_id": "user123",
    }).encode(),
    headers={
        "Authorization": "Bearer ${key}",
        "Content-Type": "application/json",
    },
)
print(urllib.request.urlopen(request).read().decode())`;
    case 'browser':
      return `<!-- The page's origin must be among CORS_ALLOWED_ORIGINS. -->
<script type="module">
  await fetch('${url}', {
    method: 'POST',
    keepalive: true,
    headers: {
      Authorization: 'Bearer ${key}',
      'Content-Type': 'application/json',
    },
    body: JSON.stringify({
      type: 'web.pageview',
      source: 'website',
      data: { page: location.pathname },
    }),
  });
</script>`;
  }
}
