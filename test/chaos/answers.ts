/** The body as JSON of the form that the caller knows it to have. */
export async function jsonOf<T>(answer: Response): Promise<T> {
  const value: T = JSON.parse(await answer.text());
  return value;
}

/** The lines of a body, as they come. */
export async function* linesOf(answer: Response): AsyncGenerator<string> {
  const reader = answer.body?.getReader();
  if (reader === undefined) return;
  const decoder = new TextDecoder();
  let rest = '';
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    const lines = (rest + decoder.decode(value, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
  }
  if (rest !== '') yield rest;
}
