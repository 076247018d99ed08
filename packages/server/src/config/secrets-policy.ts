import type { ConfigValues } from './schema.ts';
import type { Given, Problem } from './sources.ts';

/** Secrets that stand in documentation: everybody knows them. */
const placeholders = ['your-secret-key-here', 'your-secret-key', 'secret', 'changeme', 'change-me'];

/** A key of HS256 shorter than its hash is weaker than the signature (RFC 7518, 3.2). */
const leastBytes = 32;

/** What is wrong with the secrets that sign and encrypt: refused in production, a warning elsewhere. */
export function checkSecrets(
  values: ConfigValues,
  shape: 'embedded' | 'server',
  given: ReadonlyMap<string, Given>,
): { readonly problems: readonly Problem[]; readonly warnings: readonly string[] } {
  const key = 'security.jwt.secret_key';
  const secret = values.security.jwt.secret_key;
  if (secret === null && shape === 'server') {
    const message =
      'must be set when servers are used: processes that each made their own secret would not accept each other’s tokens';
    return { problems: [{ key, source: 'set JWT_SECRET_KEY', message }], warnings: [] };
  }
  const faults = [
    ...(secret === null ? [] : [{ key, value: secret.reveal() }]),
    ...values.security.jwt.previous_secret_keys.map((previous) => ({
      key: 'security.jwt.previous_secret_keys',
      value: previous.reveal(),
    })),
    ...(values.alerting.secret_key === null
      ? []
      : [{ key: 'alerting.secret_key', value: values.alerting.secret_key.reveal() }]),
    ...values.alerting.previous_secret_keys.map((previous) => ({
      key: 'alerting.previous_secret_keys',
      value: previous.reveal(),
    })),
  ].flatMap(({ key, value }): Problem[] => {
    const message = faultOf(value);
    return message === null ? [] : [{ key, source: given.get(key)?.source ?? 'default', message }];
  });
  if (values.app.environment === 'production') return { problems: faults, warnings: [] };
  return {
    problems: [],
    warnings: faults.map(
      ({ key, source, message }) => `${key} ${message} (${source}); production refuses it`,
    ),
  };
}

function faultOf(secret: string): string | null {
  if (placeholders.includes(secret)) return 'is the placeholder of the documentation, which everybody knows';
  return Buffer.byteLength(secret) < leastBytes ? `is shorter than ${leastBytes} bytes` : null;
}
