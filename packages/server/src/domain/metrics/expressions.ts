import { type ASTNode, Environment } from '@marcbachmann/cel-js';

/*
 * CEL over `event`. JSON has one kind of number, which is a double here; so that `event.data.amount * 2` works as
 * everybody means it, arithmetic takes doubles with ints.
 */

const environment = new Environment({ limits: { maxAstNodes: 500, maxDepth: 32 } })
  .registerVariable('event', 'map<string, dyn>')
  .registerOperator('double + int', (a: number, b: bigint) => a + Number(b))
  .registerOperator('int + double', (a: bigint, b: number) => Number(a) + b)
  .registerOperator('double - int', (a: number, b: bigint) => a - Number(b))
  .registerOperator('int - double', (a: bigint, b: number) => Number(a) - b)
  .registerOperator('double * int', (a: number, b: bigint) => a * Number(b))
  .registerOperator('int * double', (a: bigint, b: number) => Number(a) * b)
  .registerOperator('double / int', (a: number, b: bigint) => a / Number(b))
  .registerOperator('int / double', (a: bigint, b: number) => Number(a) / b);

export type Expected = 'condition' | 'number' | 'text';

const typesOf: Readonly<Record<Expected, readonly string[]>> = {
  condition: ['bool', 'dyn'],
  number: ['int', 'uint', 'double', 'dyn'],
  text: ['string', 'dyn'],
};

export interface ExpressionProblem {
  /** For a person; may be of several lines. */
  readonly message: string;
  /** Characters from the start of the expression; null when it is wrong as a whole. */
  readonly position: number | null;
}

/** Evaluates to whatever the expression gives; throws where it has no value, as for a missing property. */
export type Expression = (event: object) => unknown;

export type Compiled = { readonly expression: Expression } | { readonly problem: ExpressionProblem };

/** Parses and type-checks an expression over `event`. */
export function compileExpression(text: string, expected: Expected): Compiled {
  const checked = environment.check(text);
  if (!checked.valid) {
    const position = checked.error?.range?.start ?? null;
    return { problem: { message: firstLine(checked.error?.message ?? 'not an expression'), position } };
  }
  const type = checked.type ?? 'dyn';
  if (!typesOf[expected].includes(type)) {
    const wanted = { condition: 'true or false', number: 'a number', text: 'text' }[expected];
    return { problem: { message: `gives ${type}, where ${wanted} is needed`, position: null } };
  }
  const parsed = environment.parse(text);
  const context: { event: object } = { event: {} };
  return {
    expression(event) {
      context.event = event;
      return parsed(context);
    },
  };
}

/**
 * Types of events that an acceptable condition can hold for at all, by its parts like `event.type == "error"`; null when it
 * does not say.
 */
export function eventTypesOf(condition: string): readonly string[] | null {
  return typesOfNode(environment.parse(condition).ast);
}

function typesOfNode(node: ASTNode): readonly string[] | null {
  if (node.op === '&&') {
    const [left, right] = [typesOfNode(node.args[0]), typesOfNode(node.args[1])];
    return left === null || right === null ? (left ?? right) : left.filter((type) => right.includes(type));
  }
  if (node.op === '==') {
    const [type] = node.args.filter(isType);
    const [value] = node.args.filter((side) => side.op === 'value');
    return type !== undefined && typeof value?.args === 'string' ? [value.args] : null;
  }
  if (node.op === 'in' && isType(node.args[0]) && node.args[1].op === 'list') {
    const values = node.args[1].args.map((item) => (item.op === 'value' ? item.args : null));
    return values.every((value) => typeof value === 'string') ? values : null;
  }
  return null;
}

const isType = (node: ASTNode): boolean =>
  node.op === '.' && node.args[0].op === 'id' && node.args[0].args === 'event' && node.args[1] === 'type';

const firstLine = (message: string): string => message.split('\n')[0] ?? message;
