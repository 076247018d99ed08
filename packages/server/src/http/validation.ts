import type { Issue } from '@streamflow/contracts';
import type { TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import type { TLocalizedValidationError } from 'typebox/error';
import { Settings } from 'typebox/system';
import { StreamFlowError, validationError } from '../domain/errors.ts';

/** More than these help nobody, and bound the answer to a hostile body. */
const maxIssues = 100;

/** Compiles a schema into a check that throws a ValidationError which names every field that is wrong. */
export function createCheck(schema: TSchema): (value: unknown) => void {
  const validator = Compile(schema);
  const known = propertyNames(schema);
  return (value) => {
    if (validator.Check(value)) return;
    const [first, ...others] = issuesOf(
      withAllErrors(() => validator.Errors(value)),
      known,
    );
    if (first === undefined) throw new StreamFlowError('ValidationError', 'The request is not acceptable');
    throw validationError([first, ...others]);
  };
}

/** TypeBox stops after eight errors unless its process-wide setting says otherwise; it is put back at once. */
function withAllErrors<T>(collect: () => T): T {
  const { maxErrors } = Settings.Get();
  Settings.Set({ maxErrors: maxIssues * 4 });
  try {
    return collect();
  } finally {
    Settings.Set({ maxErrors });
  }
}

export function propertyNames(schema: TSchema): readonly string[] {
  return 'properties' in schema && typeof schema.properties === 'object' && schema.properties !== null
    ? Object.keys(schema.properties)
    : [];
}

function issuesOf(errors: readonly TLocalizedValidationError[], known: readonly string[]): Issue[] {
  const unions = errors.filter((error) => error.keyword === 'anyOf').map((error) => error.schemaPath);
  const issues: Issue[] = [];
  const seen = new Set<string>();
  for (const error of errors) {
    if (issues.length >= maxIssues) break;
    // The branches of a union speak through the union, and a refused property through its object.
    if (unions.some((path) => error.schemaPath.startsWith(`${path}/anyOf/`))) continue;
    if (error.keyword === 'boolean') continue;
    for (const issue of issueOf(error, errors, known)) {
      // One fault of a field at a time: what is no UUID does not match the pattern of one either.
      if (!seen.has(issue.field)) issues.push(issue);
      seen.add(issue.field);
    }
  }
  return issues.slice(0, maxIssues);
}

function issueOf(
  error: TLocalizedValidationError,
  all: readonly TLocalizedValidationError[],
  known: readonly string[],
): Issue[] {
  const field = dotted(error.instancePath);
  const name = field === '' ? 'The value' : field;
  switch (error.keyword) {
    case 'required':
      return error.params.requiredProperties.map((property) => ({
        field: join(field, property),
        message: `${join(field, property)} is missing`,
      }));
    case 'additionalProperties':
      return error.params.additionalProperties.map((property) => ({
        field: join(field, property),
        message: `${join(field, property)} is not a known field`,
        ...(field === '' && known.length > 0 ? { allowed_values: [...known] } : {}),
      }));
    case 'enum':
      return [
        {
          field,
          message: `${name} must be one of ${error.params.allowedValues.map(String).join(', ')}`,
          allowed_values: [...error.params.allowedValues],
        },
      ];
    case 'const':
      return [
        {
          field,
          message: `${name} must be ${JSON.stringify(error.params.allowedValue)}`,
          allowed_values: [error.params.allowedValue],
        },
      ];
    case 'anyOf':
      return [{ field, message: `${name} must be ${alternatives(error.schemaPath, all)}` }];
    case 'type':
      return [{ field, message: `${name} must be ${typeName(error.params.type)}` }];
    case 'format':
      return [{ field, message: `${name} must be ${formatName(error.params.format)}` }];
    case 'pattern':
      return [{ field, message: `${name} must match ${String(error.params.pattern)}` }];
    case 'minimum':
    case 'maximum':
    case 'exclusiveMinimum':
    case 'exclusiveMaximum':
      return [{ field, message: `${name} must be ${error.params.comparison} ${error.params.limit}` }];
    default:
      return [{ field, message: `${name} ${error.message}` }];
  }
}

/** What the branches of a union ask for, said once. */
function alternatives(path: string, all: readonly TLocalizedValidationError[]): string {
  const wanted = new Set<string>();
  for (const error of all) {
    if (!error.schemaPath.startsWith(`${path}/anyOf/`)) continue;
    if (error.keyword === 'type') wanted.add(typeName(error.params.type));
    else if (error.keyword === 'const') wanted.add(JSON.stringify(error.params.allowedValue));
    else if (error.keyword === 'enum')
      for (const value of error.params.allowedValues) wanted.add(String(value));
    else if (error.keyword === 'format') wanted.add(formatName(error.params.format));
  }
  return wanted.size === 0 ? 'of another form' : [...wanted].join(' or ');
}

function typeName(type: string | string[]): string {
  const names = (Array.isArray(type) ? type : [type]).map((one) =>
    one === 'null' ? 'null' : `${/^[aio]/.test(one) ? 'an' : 'a'} ${one}`,
  );
  return names.join(' or ');
}

function formatName(format: string): string {
  if (format === 'uuid') return 'a UUID';
  if (format === 'date-time') return 'a time like 2023-12-01T12:00:00Z (RFC 3339)';
  return `of the format ${format}`;
}

/** `/a/0/b` as `a.0.b`. */
function dotted(pointer: string): string {
  return pointer
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
    .join('.');
}

const join = (field: string, property: string): string => (field === '' ? property : `${field}.${property}`);
