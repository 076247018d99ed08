import { StreamFlowApiError } from '@streamflow/client';

/** What is wrong with a rule, and where. */
export interface RuleProblem {
  /** As the rule has it; null where it is about none of its fields. */
  readonly field: string | null;
  readonly message: string;
  /** Characters of an expression. */
  readonly position: { readonly start: number; readonly end: number } | null;
}

function positionOf(given: unknown): RuleProblem['position'] {
  if (typeof given !== 'object' || given === null || !('start' in given) || !('end' in given)) return null;
  const { start, end } = given;
  return typeof start === 'number' && typeof end === 'number' ? { start, end } : null;
}

/** Null for what is not about the rule. A preview names the fields of its rule `rule.condition`. */
export function ruleProblem(error: unknown): RuleProblem | null {
  if (!(error instanceof StreamFlowApiError) || error.code !== 'ValidationError') return null;
  const { field, position } = error.details;
  return {
    field: field === undefined ? null : field.replace(/^rule\./, '').replace(/\..*$/, ''),
    message: error.message,
    position: positionOf(position),
  };
}
