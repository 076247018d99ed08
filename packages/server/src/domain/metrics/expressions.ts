import { Environment } from '@marcbachmann/cel-js';

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

const firstLine = (message: string): string => message.split('\n')[0] ?? message;
