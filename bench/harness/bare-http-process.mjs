// The ceiling of every HTTP figure: a bare node:http server that parses the same body and answers 201.
import { createServer } from 'node:http';

const server = createServer((request, response) => {
  const chunks = [];
  request.on('data', (chunk) => chunks.push(chunk));
  request.on('end', () => {
    const parsed = JSON.parse(chunks.length === 1 ? chunks[0].toString() : Buffer.concat(chunks).toString());
    const body = JSON.stringify({
      success: true,
      message: 'Event created successfully',
      data: { event_id: '550e8400-e29b-41d4-a716-446655440000', known: parsed.type !== undefined },
      timestamp: new Date().toISOString(),
    });
    response.writeHead(201, {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
    });
    response.end(body);
  });
});
server.keepAliveTimeout = 60_000;
server.listen(0, '127.0.0.1', () => console.log(JSON.stringify({ port: server.address().port })));
process.stdin.on('end', () => process.exit(0)).resume();
