// Parses Go templates, as far as charts use them: actions with trim markers, comments, pipelines, variables, if, with,
// range, define and template. What is not known is an error, so that a broken template never renders.

export class TemplateError extends Error {}

const delimiter = /\{\{(-(?=\s))?\s*([\s\S]*?)\s*((?<=\s)-)?\}\}/g;
const tokenForms = [
  ['space', /\s+/y],
  ['string', /"(?:[^"\\\n]|\\.)*"|`[^`]*`/y],
  ['number', /-?[0-9]+(?:\.[0-9]+)?(?![\w.])/y],
  ['variable', /\$\w*(?:\.[A-Za-z_]\w*)*/y],
  ['field', /(?:\.[A-Za-z_]\w*)+/y],
  ['dot', /\.(?![\w.])/y],
  ['word', /[A-Za-z_]\w*(?![\w.])/y],
  ['sign', /:=|=|\||\(|\)|,/y],
];
const keywords = ['if', 'else', 'end', 'with', 'range', 'define', 'template', 'block', 'break', 'continue'];

/** The nodes of a file, and the templates that it defines, by name. `functions` are the names that may be called. */
export function parseTemplate(text, functions) {
  const defined = new Map();
  const items = split(text);
  let at = 0;

  const fail = (message, item) => {
    const line = text.slice(0, item?.from ?? text.length).split('\n').length;
    throw new TemplateError(`line ${line}: ${message}`);
  };

  /** Nodes up to an `else` or `end`, which is left to the caller. */
  function parseList(opened) {
    const nodes = [];
    for (; at < items.length; at += 1) {
      const item = items[at];
      if (item.text !== undefined) {
        if (item.text !== '') nodes.push({ kind: 'text', text: item.text });
        continue;
      }
      const reader = createReader(item, fail, functions);
      const keyword = reader.keyword();
      if (keyword === 'end' || keyword === 'else') {
        if (opened === null) fail(`unexpected {{${keyword}}}`, item);
        return nodes;
      }
      if (keyword === null) nodes.push({ kind: 'action', pipeline: reader.pipeline(true) });
      else if (keyword === 'define') {
        if (opened !== null) fail('define within another action', item);
        const name = reader.string();
        if (defined.has(name)) fail(`${name} is defined twice`, item);
        defined.set(name, parseBody(item));
      } else if (keyword === 'template') {
        nodes.push({
          kind: 'template',
          name: reader.string(),
          pipeline: reader.done() ? null : reader.pipeline(false),
        });
      } else if (keyword === 'if' || keyword === 'with' || keyword === 'range') {
        nodes.push(parseBranch(keyword, reader, item));
      } else fail(`{{${keyword}}} is not supported`, item);
      reader.end();
    }
    if (opened !== null) fail(`the action that begins here is not ended`, opened);
    return nodes;
  }

  /** What stands between an action and its `end`; there is no `else`. */
  function parseBody(item) {
    at += 1;
    const nodes = parseList(item);
    const reader = createReader(items[at], fail, functions);
    if (reader.keyword() !== 'end') fail('unexpected {{else}}', items[at]);
    reader.end();
    return nodes;
  }

  function parseBranch(kind, reader, item) {
    const pipeline = reader.pipeline(true, kind === 'range');
    reader.end();
    at += 1;
    const body = parseList(item);
    const closing = createReader(items[at], fail, functions);
    if (closing.keyword() === 'end') {
      closing.end();
      return { kind, pipeline, body, otherwise: [] };
    }
    if (!closing.done()) {
      const next = closing.keyword();
      if (next !== kind || kind === 'range') fail(`unexpected {{else ${next}}}`, items[at]);
      return { kind, pipeline, body, otherwise: [parseBranch(next, closing, item)] };
    }
    at += 1;
    const otherwise = parseList(item);
    const last = createReader(items[at], fail, functions);
    if (last.keyword() !== 'end') fail('a second {{else}}', items[at]);
    last.end();
    return { kind, pipeline, body, otherwise };
  }

  const nodes = parseList(null);
  return { nodes, defined };
}

/** Texts and actions in turn, with the white space taken away that trim markers ask for. */
function split(text) {
  const items = [];
  let [from, trimNext] = [0, false];
  const addText = (piece, trimEnd) => {
    const left = trimNext ? piece.trimStart() : piece;
    items.push({ text: trimEnd ? left.trimEnd() : left, from });
  };
  for (const match of text.matchAll(delimiter)) {
    const [whole, trimLeft, source, trimRight] = match;
    addText(text.slice(from, match.index), trimLeft !== undefined);
    if (!/^\/\*[\s\S]*\*\/$/.test(source)) items.push({ source, from: match.index });
    from = match.index + whole.length;
    trimNext = trimRight !== undefined;
  }
  const rest = text.slice(from);
  if (rest.includes('{{')) items.push({ source: '{{', from });
  else addText(rest, false);
  return items;
}

/** Reads the words of one action. */
function createReader(item, fail, functions) {
  const tokens = [];
  for (let at = 0; at < item.source.length; ) {
    const found = tokenForms
      .map(([kind, form]) => {
        form.lastIndex = at;
        return { kind, text: form.exec(item.source)?.[0] };
      })
      .find(({ text }) => text !== undefined);
    if (found === undefined) fail(`unexpected ${JSON.stringify(item.source.slice(at, at + 10))}`, item);
    tokens.push(found);
    at += found.text.length;
  }
  let next = 0;
  const skipSpace = () => {
    if (tokens[next]?.kind === 'space') next += 1;
  };
  const peek = () => {
    skipSpace();
    return tokens[next];
  };
  const take = (text) => {
    if (peek()?.text !== text) return false;
    next += 1;
    return true;
  };

  function operand() {
    const token = peek();
    if (token === undefined) return null;
    const { kind, text } = token;
    if (kind === 'sign' && text !== '(') return null;
    next += 1;
    if (kind === 'string')
      return { kind: 'literal', value: text[0] === '`' ? text.slice(1, -1) : JSON.parse(text) };
    if (kind === 'number') return { kind: 'literal', value: Number(text) };
    if (kind === 'dot') return { kind: 'field', path: [] };
    if (kind === 'field') return { kind: 'field', path: text.split('.').slice(1) };
    if (kind === 'variable') {
      const [name, ...path] = text.split('.');
      return { kind: 'variable', name, path };
    }
    if (text === '(') {
      const inner = pipeline(false);
      if (!take(')')) fail('a parenthesis is not closed', item);
      // Only what follows at once belongs to it.
      const path = tokens[next]?.kind === 'field' ? tokens[next++].text.split('.').slice(1) : [];
      return { kind: 'pipeline', pipeline: inner, path };
    }
    if (['true', 'false', 'nil'].includes(text))
      return { kind: 'literal', value: text === 'nil' ? null : text === 'true' };
    if (!functions.has(text)) fail(`there is no function ${text}`, item);
    return { kind: 'function', name: text };
  }

  function command() {
    const operands = [];
    for (let one = operand(); one !== null; one = operand()) operands.push(one);
    if (operands.length === 0) fail('a command is missing', item);
    const [first, ...rest] = operands;
    if (rest.length > 0 && first.kind !== 'function') fail('only a function takes arguments', item);
    return operands;
  }

  function pipeline(mayDeclare, two = false) {
    const declared = [];
    let isAssignment = false;
    const start = next;
    if (mayDeclare && peek()?.kind === 'variable') {
      declared.push(tokens[next++].text);
      if (two && take(',') && peek()?.kind === 'variable') declared.push(tokens[next++].text);
      if (take('=')) isAssignment = true;
      else if (!take(':=')) {
        next = start;
        declared.length = 0;
      }
    }
    const commands = [command()];
    while (take('|')) commands.push(command());
    return { declared, isAssignment, commands, line: item.from };
  }

  return {
    keyword() {
      const token = peek();
      if (token?.kind !== 'word' || !keywords.includes(token.text)) return null;
      next += 1;
      return token.text;
    },
    string() {
      const token = peek();
      if (token?.kind !== 'string') fail('a name in quotes is missing', item);
      next += 1;
      return token.text.slice(1, -1);
    },
    pipeline,
    done: () => peek() === undefined,
    end() {
      if (peek() !== undefined) fail(`unexpected ${JSON.stringify(peek().text)}`, item);
    },
  };
}
