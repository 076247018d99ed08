import { TemplateError } from './parse-template.mjs';

/** Go's idea of it: false, zero, nil and what is empty are not true. */
export const isTrue = (value) =>
  Array.isArray(value)
    ? value.length > 0
    : typeof value === 'object' && value !== null
      ? Object.keys(value).length > 0
      : Boolean(value);

/**
 * Executes a parsed file on `data`. `defined` are the templates of all files, by name; `functions` are called with their
 * arguments and, as `this`, with `{ include }`. Stricter than Go and Helm: a value that is not there is not printed as
 * nothing, and a map is not printed at all.
 */
export function executeTemplate(nodes, data, { defined, functions }) {
  const call = (name, dot) => {
    const body = defined.get(name);
    if (body === undefined) throw new TemplateError(`there is no template ${name}`);
    return run(body, dot, [new Map([['$', dot]])]);
  };
  const helm = { include: call };

  function run(list, dot, scopes) {
    let out = '';
    for (const node of list) out += runNode(node, dot, scopes);
    return out;
  }

  function runNode(node, dot, scopes) {
    switch (node.kind) {
      case 'text':
        return node.text;
      case 'action': {
        const value = evaluate(node.pipeline, dot, scopes);
        return node.pipeline.declared.length > 0 ? '' : printed(value);
      }
      case 'template':
        return call(node.name, node.pipeline === null ? null : evaluate(node.pipeline, dot, scopes));
      case 'range':
        return runRange(node, dot, scopes);
      default: {
        const inner = [...scopes, new Map()];
        const value = evaluate(node.pipeline, dot, inner);
        if (isTrue(value)) return run(node.body, node.kind === 'with' ? value : dot, inner);
        return run(node.otherwise, dot, inner);
      }
    }
  }

  function runRange({ pipeline, body, otherwise }, dot, scopes) {
    const value = evaluate({ ...pipeline, declared: [] }, dot, scopes);
    if (!isTrue(value)) return run(otherwise, dot, [...scopes, new Map()]);
    if (typeof value !== 'object') throw new TemplateError(`range cannot go over ${typeof value}`);
    const entries = Array.isArray(value)
      ? value.map((item, index) => [index, item])
      : Object.keys(value)
          .toSorted()
          .map((key) => [key, value[key]]);
    return entries
      .map(([key, item]) => {
        const scope = new Map();
        const [first, second] = pipeline.declared;
        if (second !== undefined) scope.set(first, key).set(second, item);
        else if (first !== undefined) scope.set(first, item);
        return run(body, item, [...scopes, scope]);
      })
      .join('');
  }

  function evaluate({ commands, declared, isAssignment }, dot, scopes) {
    let value;
    for (const [index, command] of commands.entries())
      value = evaluateCommand(command, dot, scopes, index === 0 ? [] : [value]);
    const [name] = declared;
    if (name === undefined) return value;
    const scope = isAssignment ? scopes.findLast((known) => known.has(name)) : scopes.at(-1);
    if (scope === undefined) throw new TemplateError(`${name} was not declared`);
    scope.set(name, value);
    return value;
  }

  function evaluateCommand([first, ...rest], dot, scopes, piped) {
    if (first.kind !== 'function') {
      if (piped.length > 0) throw new TemplateError('only a function takes what is piped');
      return evaluateOperand(first, dot, scopes);
    }
    const { name } = first;
    if (name === 'and' || name === 'or') {
      let value;
      for (const argument of [
        ...rest.map((one) => () => evaluateOperand(one, dot, scopes)),
        ...piped.map((one) => () => one),
      ]) {
        value = argument();
        if (isTrue(value) === (name === 'or')) return value;
      }
      return value;
    }
    const given = [...rest.map((one) => evaluateOperand(one, dot, scopes)), ...piped];
    try {
      return functions[name].apply(helm, given);
    } catch (error) {
      throw error instanceof TemplateError
        ? error
        : new TemplateError(`${name}: ${error.message}`, { cause: error });
    }
  }

  function evaluateOperand(operand, dot, scopes) {
    switch (operand.kind) {
      case 'literal':
        return operand.value;
      case 'field':
        return follow(dot, operand.path);
      case 'variable': {
        const scope = scopes.findLast((known) => known.has(operand.name));
        if (scope === undefined) throw new TemplateError(`${operand.name} was not declared`);
        return follow(scope.get(operand.name), operand.path);
      }
      case 'pipeline':
        return follow(evaluate(operand.pipeline, dot, scopes), operand.path);
      default:
        return functions[operand.name].apply(helm, []);
    }
  }

  return run(nodes, data, [new Map([['$', data]])]);
}

function follow(value, path) {
  for (const name of path) {
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      throw new TemplateError(`.${path.join('.')}: nothing has a field ${name} there`);
    value = value[name] ?? null;
  }
  return value;
}

function printed(value) {
  if (value === null || value === undefined)
    throw new TemplateError('a value that is not there would be printed');
  if (typeof value === 'object') throw new TemplateError('a map or a list would be printed');
  return String(value);
}
