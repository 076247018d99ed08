import { responseTimeProperties } from '../../../domain/metrics/response-time.ts';
import { propertySql } from './property-sql.ts';
import type { SqlParameters } from './sql-parameters.ts';

/** The response time of an event in seconds; NULL when it has none. */
export function responseTimeSql(parameters: SqlParameters, promoted: boolean): string {
  const alternatives = responseTimeProperties.map(({ path, perSecond }) => {
    const { number } = propertySql(path, parameters, promoted);
    return `if(${number} >= 0, ${number}${perSecond === 1 ? '' : ` / ${perSecond}`}, NULL)`;
  });
  return `coalesce(${alternatives.join(', ')})`;
}
