import http from 'node:http';

/** Reads JSON from a service over one kept connection, one request at a time, as a dashboard in a browser does. */
export function createReader({ ports, key }) {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  return {
    /** Resolves with the body of a 200; anything else rejects. */
    get(service, path) {
      return new Promise((resolve, reject) => {
        const request = http.get(
          {
            host: '127.0.0.1',
            port: ports[service],
            path,
            agent,
            headers: { authorization: `Bearer ${key}` },
          },
          (response) => {
            const chunks = [];
            response.on('data', (chunk) => chunks.push(chunk));
            response.on('error', reject);
            response.on('end', () => {
              const text = Buffer.concat(chunks).toString();
              if (response.statusCode === 200) resolve(JSON.parse(text));
              else reject(new Error(`${path}: ${response.statusCode} ${text}`));
            });
          },
        );
        request.on('error', reject);
      });
    },
    close: () => agent.destroy(),
  };
}
