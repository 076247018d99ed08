import type { ASTNode } from '@marcbachmann/cel-js';
import { ExpressionError } from './condition.ts';
import { statistics } from './metric-catalogue.ts';

/* What of CEL a condition may use. Maps, comprehensions and regular expressions are left out: what is left costs no more
 * than its length. */

const functions: ReadonlySet<string> = new Set([...statistics, 'metric', 'change', 'double', 'int']);
/** Of texts of an event, where a condition counts events. */
const textMethods: ReadonlySet<string> = new Set(['startsWith', 'endsWith', 'contains']);

interface Parts {
  readonly nodes: readonly ASTNode[];
  /** Whether they are what `count(…)` is given. */
  readonly insideCount: boolean;
}

/** Refuses what a condition may not use, wherever it stands. */
export function checkSyntax(node: ASTNode, insideCount = false): void {
  const parts = partsOf(node, insideCount);
  for (const part of parts.nodes) checkSyntax(part, parts.insideCount);
}

function partsOf(node: ASTNode, insideCount: boolean): Parts {
  const inside = (...nodes: readonly ASTNode[]): Parts => ({ nodes, insideCount });
  const refuse = (message: string): never => {
    throw new ExpressionError(message, node.start, node.end);
  };
  switch (node.op) {
    case 'value':
      return inside();
    case 'id':
      if (node.args === 'event' && !insideCount) refuse('event can be used inside count(…) alone');
      if (node.args !== 'event' && insideCount)
        refuse(`${node.args} is no part of an event; use event.type, event.data.path and so on`);
      return inside();
    case '.':
      return inside(node.args[0]);
    case '[]':
    case 'list':
      return insideCount ? inside(...node.args) : refuse('Lists can be used inside count(…) alone');
    case '!_':
    case '-_':
      return inside(node.args);
    case 'call': {
      const [name, given] = node.args;
      if (insideCount) refuse(`${name}() is not available inside count(…)`);
      if (!functions.has(name))
        refuse(`There is no function ${name}; there are ${[...functions].join(', ')}`);
      const [first] = given;
      // A name is a metric's; anything else is checked as a filter of events, not as a part of the condition.
      const isFilter = name === 'count' && first !== undefined && first.op !== 'id' && first.op !== 'call';
      return { nodes: given, insideCount: isFilter };
    }
    case 'rcall': {
      const [name, receiver, given] = node.args;
      if (!insideCount || !textMethods.has(name))
        refuse(`${name}() is not available; inside count(…) there are ${[...textMethods].join(', ')}`);
      return inside(receiver, ...given);
    }
    case '?:':
    case '||':
    case '&&':
    case '==':
    case '!=':
    case '<':
    case '<=':
    case '>':
    case '>=':
    case '+':
    case '-':
    case '*':
    case '/':
    case '%':
    case 'in':
      return inside(...node.args);
    default:
      return refuse(`${node.op} is not available in conditions`);
  }
}
