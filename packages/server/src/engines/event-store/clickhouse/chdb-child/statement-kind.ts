/**
 * What a statement needs: `read` may run beside others, `write` runs one after the other, `control` must not wait
 * behind either.
 */
export type StatementKind = 'read' | 'write' | 'control';

const leadingComments = /^(?:\s|--[^\n]*\n|\/\*[\s\S]*?\*\/)*/;

export function statementKind(sql: string): StatementKind {
  const keyword = /^\(?\s*([a-z]+)/i.exec(sql.replace(leadingComments, ''))?.[1]?.toUpperCase();
  switch (keyword) {
    case 'SELECT':
    case 'WITH':
    case 'SHOW':
    case 'DESC':
    case 'DESCRIBE':
    case 'EXISTS':
    case 'EXPLAIN':
      return 'read';
    case 'KILL':
      return 'control';
    default:
      return 'write';
  }
}
