import { responseTimeProperties } from '../../../domain/metrics/response-time.ts';
import { propertySql } from './property-sql.ts';
import type { SqlParameters } from './sql-parameters.ts';

/** The response time of an event in seconds; NULL when it has none. */
export function responseTimeSql(parameters: SqlParameters): string {
  const alternatives = responseTimeProperties.map(({ path, perSecond }) => {
    const { number } = propertySql(path, parameters);
    return `case when ${number} >= 0 then ${perSecond === 1 ? number : `${number} / ${perSecond}`} end`;
  });
  return `coalesce(${alternatives.join(', ')})`;
}
