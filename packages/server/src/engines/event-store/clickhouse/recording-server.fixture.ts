import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A statement as it came to the server. */
export interface RecordedStatement {
  readonly sql: string;
  readonly settings: Readonly<Record<string, string>>;
}

export interface RecordingServer {
  readonly url: string;
  readonly statements: readonly RecordedStatement[];
  close(): Promise<void>;
}

/**
 * Speaks ClickHouse's HTTP, notes what it is told and knows nothing: for the SQL that only a cluster could run.
 *
 * @param answer the rows to answer a statement with, none when it does not matter
 */
export async function startRecordingServer(
  answer: (sql: string) => readonly object[],
): Promise<RecordingServer> {
  const statements: RecordedStatement[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { searchParams } = new URL(request.url ?? '/', 'http://localhost');
      const sql = (searchParams.get('query') ?? Buffer.concat(chunks).toString()).trim();
      statements.push({ sql, settings: Object.fromEntries(searchParams) });
      response.setHeader('Content-Type', 'application/x-ndjson');
      response.end(
        answer(sql)
          .map((row) => `${JSON.stringify(row)}\n`)
          .join(''),
      );
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address: AddressInfo | string | null = server.address();
  if (address === null || typeof address === 'string') throw new Error('The server does not listen on TCP');
  return {
    url: `http://127.0.0.1:${address.port}`,
    statements,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
