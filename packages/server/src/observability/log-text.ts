/** A line for people: time, level, service, message, and the fields as `name=value`. */
export function formatLine(line: Readonly<Record<string, unknown>>): string {
  const { timestamp, level, service, message, extra, ...top } = line;
  const fields = Object.entries({ ...top, ...(typeof extra === 'object' ? extra : {}) }).map(
    ([name, value]) =>
      `${name}=${typeof value === 'string' && /^[\w.:/-]+$/.test(value) ? value : JSON.stringify(value)}`,
  );
  const head = `${timestamp} ${String(level).padEnd(8)} ${service}: ${message}`;
  return fields.length === 0 ? head : `${head}  ${fields.join(' ')}`;
}
