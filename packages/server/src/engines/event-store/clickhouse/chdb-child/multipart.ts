/**
 * The fields of a `multipart/form-data` body, which the client uses when parameters are too long for a URL; null when
 * the body is of another type.
 */
export function parseMultipart(contentType: string | undefined, body: Buffer): Map<string, string> | null {
  const boundary = /^multipart\/form-data;\s*boundary=(?:"([^"]+)"|([^\s;]+))/i.exec(contentType ?? '');
  if (boundary === null) return null;
  const delimiter = Buffer.from(`--${boundary[1] ?? boundary[2] ?? ''}`);
  const fields = new Map<string, string>();
  let start = body.indexOf(delimiter);
  while (start !== -1) {
    const end = body.indexOf(delimiter, start + delimiter.length);
    if (end === -1) break;
    const part = body.subarray(start + delimiter.length, end);
    const headerEnd = part.indexOf('\r\n\r\n');
    const name = /name="([^"]*)"/.exec(part.subarray(0, Math.max(headerEnd, 0)).toString())?.[1];
    // The value ends before the line break that belongs to the next delimiter.
    if (name !== undefined) fields.set(name, part.subarray(headerEnd + 4, -2).toString());
    start = end;
  }
  return fields;
}
