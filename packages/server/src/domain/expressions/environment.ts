import { type ASTNode, Environment, type ParseResult } from '@marcbachmann/cel-js';
import { parseDuration } from '../duration.ts';
import type { MetricValue } from '../metrics/live-metrics.ts';
import {
  type Condition,
  type ConditionRead,
  type CountedEvents,
  ExpressionError,
  type ReadValues,
  type Verdict,
} from './condition.ts';
import {
  type MetricCatalogue,
  type MetricFigure,
  type Statistic,
  statisticOf,
  statistics,
} from './metric-catalogue.ts';
import { checkSyntax } from './syntax.ts';

/** The longest expression, in characters, and the largest, in nodes and in nesting. */
export const expressionLimits = { length: 1000, nodes: 200, depth: 24 } as const;

/** The furthest back that a condition may look: as far as live metrics reach. */
const maxAgoMs = 24 * 3_600_000;

/** A figure, and how it is changed against the same figure so long ago. */
interface Term {
  readonly figure: MetricFigure;
  readonly changeMs: number | null;
}

interface CountCall {
  readonly args: [ASTNode];
  /** The call itself. */
  readonly ast: ASTNode;
}

export interface Expressions {
  /**
   * @param groupBy the tags by which its counts of filters are parted
   * @throws ExpressionError with the position of what is wrong
   */
  compile(text: string, groupBy?: readonly string[]): Condition;
}

export interface ExpressionsOptions {
  readonly metrics: MetricCatalogue;
  /** A short text of letters and digits for any text; the same for the same. */
  readonly hash: (text: string) => string;
}

/** Where nothing was measured; CEL passes it on unless the rest of the expression decides by itself. */
class NoValues extends Error {}

/*
 * The conditions of alert rules, in CEL. Metrics are variables; functions of metrics are macros, so that they are given
 * the name of a metric and not its value. While a condition is evaluated, which is synchronous, `reading` is what it is
 * evaluated on.
 */
export function createExpressions({ metrics, hash }: ExpressionsOptions): Expressions {
  let reading: { values: ReadValues; windowMs: number } | null = null;
  let terms: Term[] = [];
  let counts: CountedEvents[] = [];
  let tags: readonly string[] = [];

  const environment = new Environment({
    limits: {
      maxAstNodes: expressionLimits.nodes,
      maxDepth: expressionLimits.depth,
      maxListElements: 50,
      maxMapEntries: 0,
      maxCallArguments: 4,
    },
  });
  for (const name of metrics.keys()) if (!name.includes('.')) environment.registerVariable(name, 'double');
  environment.registerVariable('threshold', 'double');
  environment.registerVariable({
    name: 'event',
    schema: {
      id: 'string',
      type: 'string',
      source: 'string',
      severity: 'string',
      user_id: 'string',
      session_id: 'string',
      correlation_id: 'string',
      timestamp: 'string',
      tags: 'list<string>',
      data: 'map<string, dyn>',
      metadata: 'map<string, dyn>',
    },
  });
  registerMixedArithmetic(environment);

  const figureNamed = (node: ASTNode): MetricFigure | null => {
    if (node.op === 'id') return metrics.get(node.args) ?? null;
    if (node.op !== 'call' || node.args[0] !== 'metric') return null;
    const [name] = node.args[1];
    return name?.op === 'value' && typeof name.args === 'string' ? (metrics.get(name.args) ?? null) : null;
  };
  const known = (node: ASTNode): MetricFigure => {
    const figure = figureNamed(node);
    if (figure !== null) return figure;
    const name = node.op === 'id' ? node.args : 'this';
    throw new ExpressionError(
      `${name} is not the name of a metric; there are ${[...metrics.keys()].join(', ')}`,
      node.start,
      node.end,
    );
  };
  const numberOf = ({ figure, changeMs }: Term): number => {
    if (reading === null) throw new Error('A condition was evaluated without values');
    const now = figureValue(figure, reading, 0);
    if (changeMs === null) return required(now);
    const before = required(figureValue(figure, reading, changeMs));
    if (before === 0) throw new NoValues();
    return (required(now) - before) / before;
  };
  /** A macro whose value is a term that is known when the expression is read. */
  const termMacro = (term: Term) => {
    terms.push(term);
    return {
      typeCheck: (checker: { getType(name: string): unknown }) => checker.getType('double'),
      evaluate: () => numberOf(term),
    };
  };

  for (const statistic of statistics) {
    if (statistic === 'count') continue;
    environment.registerFunction(`${statistic}(ast): double`, ({ args: [node] }: { args: [ASTNode] }) =>
      termMacro({ figure: { metric: known(node).metric, statistic }, changeMs: null }),
    );
  }
  environment.registerFunction('metric(ast): double', ({ ast }: { ast: ASTNode }) =>
    termMacro({ figure: known(ast), changeMs: null }),
  );
  environment.registerFunction(
    'change(ast, ast): double',
    ({ args: [node, span] }: { args: [ASTNode, ASTNode] }) => {
      const text = span.op === 'value' && typeof span.args === 'string' ? span.args : '';
      const changeMs = parseDuration(text);
      if (changeMs === null || changeMs === 0 || changeMs > maxAgoMs)
        throw new ExpressionError(
          'How long ago must be a text such as "5m", "1h", at most "24h"',
          span.start,
          span.end,
        );
      return termMacro({ figure: known(node), changeMs });
    },
  );
  environment.registerFunction('count(ast): double', ({ args: [node], ast }: CountCall) => {
    const named = figureNamed(node);
    if (named !== null)
      return termMacro({ figure: { metric: named.metric, statistic: 'count' }, changeMs: null });
    if (node.op === 'id' || node.op === 'call') known(node);
    // The positions of an expression leave out the parentheses at its ends; those of the call do not.
    const filter = ast.input.slice(ast.input.indexOf('(', ast.start) + 1, ast.end - 1).trim();
    const metric = `rule_events_${hash([filter, ...tags].join('\n'))}`;
    counts.push({ metric, filter, tags });
    const macro = termMacro({ figure: { metric, statistic: 'count' }, changeMs: null });
    return {
      ...macro,
      typeCheck(
        checker: { getType(name: string): unknown; check(node: ASTNode, context: unknown): unknown },
        _macro: unknown,
        context: unknown,
      ) {
        if (checker.check(node, context) !== checker.getType('bool'))
          throw new ExpressionError(
            'count(…) takes a metric or a condition over event',
            node.start,
            node.end,
          );
        return checker.getType('double');
      },
    };
  });

  return {
    compile(text, groupBy = []) {
      if (text.length > expressionLimits.length)
        throw new ExpressionError(
          `An expression has at most ${expressionLimits.length} characters`,
          expressionLimits.length,
          text.length,
        );
      terms = [];
      counts = [];
      tags = [...groupBy].sort();
      const whole = parse(environment, text);
      checkSyntax(whole.ast);
      const type = check(whole, text);
      if (type !== 'bool' && type !== 'double' && type !== 'int')
        throw new ExpressionError(
          `A condition is true or false, or a number; this is ${type}`,
          0,
          text.length,
        );
      const variables = variablesOf(whole.ast);
      const own = [
        ...variables.flatMap((name) => {
          const figure = metrics.get(name);
          return figure === undefined ? [] : [{ name, figure }];
        }),
      ];
      const ownTerms: readonly Term[] = [...own.map(({ figure }) => ({ figure, changeMs: null })), ...terms];
      const ownCounts = counts;
      const evaluateTree = (context: Readonly<Record<string, number>>): unknown => whole(context);

      return {
        text,
        reads: readsOf(ownTerms),
        counts: ownCounts,
        figures: ownTerms.flatMap(({ figure }) =>
          figure.per === undefined ? [figure] : [figure, figure.per],
        ),
        evaluate(values, { threshold, windowMs }): Verdict {
          reading = { values, windowMs };
          try {
            const context: Record<string, number> = { threshold };
            for (const { name, figure } of own) {
              const value = figureValue(figure, reading, 0);
              // What is left out is an error of CEL where it is needed, and none where the rest decides.
              if (value !== null) context[name] = value;
            }
            const result = settled(() => evaluateTree(context));
            if (type !== 'bool') {
              const value = result === null ? null : Number(result);
              return { holds: value === null ? null : value > threshold, value };
            }
            const [first] = ownTerms;
            const value = first === undefined ? null : settled(() => numberOf(first));
            return {
              holds: typeof result === 'boolean' ? result : null,
              value: typeof value === 'number' ? value : null,
            };
          } finally {
            reading = null;
          }
        },
      };
    },
  };
}

function parse(environment: Environment, text: string): ParseResult {
  try {
    return environment.parse(text);
  } catch (error) {
    throw located(error, text);
  }
}

function check(expression: ParseResult, text: string): string {
  try {
    const result = expression.check();
    if (result.valid && result.type !== undefined) return result.type;
    throw located(result.error, text);
  } catch (error) {
    throw located(error, text);
  }
}

function located(error: unknown, text: string): ExpressionError {
  if (error instanceof ExpressionError) return error;
  if (!(error instanceof Error)) return new ExpressionError('The expression is not valid', 0, text.length);
  if (error.cause instanceof ExpressionError) return error.cause;
  const range = 'range' in error ? error.range : undefined;
  const summary = 'summary' in error && typeof error.summary === 'string' ? error.summary : error.message;
  const [start, end] = isRange(range) ? [range.start, range.end] : [0, text.length];
  return new ExpressionError(summary, start, end);
}

const isRange = (range: unknown): range is { start: number; end: number } =>
  typeof range === 'object' &&
  range !== null &&
  'start' in range &&
  typeof range.start === 'number' &&
  'end' in range &&
  typeof range.end === 'number';

/** Null when what is needed was not measured. Errors of CEL mean that alone: types were checked before. */
function settled(work: () => unknown): unknown {
  try {
    return work();
  } catch (error) {
    if (error instanceof NoValues || (error instanceof Error && error.name === 'EvaluationError'))
      return null;
    throw error;
  }
}

function required(value: number | null): number {
  if (value === null) throw new NoValues();
  return value;
}

function figureValue(
  figure: MetricFigure,
  { values, windowMs }: { values: ReadValues; windowMs: number },
  agoMs: number,
): number | null {
  const value = of(figure.metric, figure.statistic);
  if (figure.per === undefined || value === null) return value;
  const divisor = of(figure.per.metric, figure.per.statistic);
  return divisor === null || divisor === 0 ? null : value / divisor;

  function of(metric: string, statistic: Statistic): number | null {
    const measured: MetricValue | null = values({ metric, agoMs });
    return statisticOf(measured, statistic, windowMs);
  }
}

function readsOf(terms: readonly Term[]): ConditionRead[] {
  const reads = new Map<string, ConditionRead>();
  const add = (metric: string, agoMs: number) => void reads.set(`${agoMs} ${metric}`, { metric, agoMs });
  for (const { figure, changeMs } of terms)
    for (const agoMs of changeMs === null ? [0] : [0, changeMs]) {
      add(figure.metric, agoMs);
      if (figure.per !== undefined) add(figure.per.metric, agoMs);
    }
  return [...reads.values()];
}

/** Names that stand for their values: all but those that functions of metrics are given. */
function variablesOf(node: ASTNode): string[] {
  const names = new Set<string>();
  const visit = (each: unknown): void => {
    if (Array.isArray(each)) for (const one of each) visit(one);
    else if (isNode(each)) {
      if (each.op === 'id') names.add(each.args);
      else if (each.op === 'call') {
        if (each.args[0] === 'double' || each.args[0] === 'int') visit(each.args[1]);
      } else visit(each.args);
    }
  };
  visit(node);
  return [...names];
}

const isNode = (value: unknown): value is ASTNode =>
  typeof value === 'object' && value !== null && 'op' in value && 'args' in value;

/** CEL has no arithmetic of whole numbers with others; people who write `events_total * 2` mean it all the same. */
function registerMixedArithmetic(environment: Environment): void {
  const operators: Readonly<Record<string, (a: number, b: number) => number>> = {
    '+': (a, b) => a + b,
    '-': (a, b) => a - b,
    '*': (a, b) => a * b,
    '/': (a, b) => a / b,
  };
  for (const [operator, apply] of Object.entries(operators))
    for (const types of [`double ${operator} int`, `int ${operator} double`])
      environment.registerOperator(types, (a: unknown, b: unknown) => apply(Number(a), Number(b)));
  environment.registerOperator('double == int', (a: unknown, b: unknown) => Number(a) === Number(b));
}
