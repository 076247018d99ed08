/*
 * SQL over JSON tokens. A token is what JSONExtractRaw gives: the JSON text of one value, empty where there is none.
 */

/** What a token holds; `nothing` stands for no value, lists and objects. */
export const tokenKinds = { nothing: 0, string: 1, number: 2, boolean: 3, null: 4 } as const;

/** The kind of a token, one of {@link tokenKinds}. */
export function tokenKindSql(token: string): string {
  return (
    `multiIf(startsWith(${token}, '"'), ${tokenKinds.string}, ${token} IN ('true', 'false'), ${tokenKinds.boolean}, ` +
    `${token} = 'null', ${tokenKinds.null}, ${token} = '' OR startsWith(${token}, '{') OR startsWith(${token}, '['), ` +
    `${tokenKinds.nothing}, ${tokenKinds.number})`
  );
}

/**
 * The text of a token: a string without its quotes, a number as JavaScript writes it, `null` for no value, lists and
 * objects. ClickHouse writes numbers as JavaScript does but for the sign of a large exponent.
 */
export function tokenTextSql(token: string): string {
  const decoded = `if(position(${token}, '\\\\') = 0, substring(${token}, 2, length(${token}) - 2), JSONExtractString(${token}))`;
  return (
    `multiIf(startsWith(${token}, '"'), ${decoded}, ` +
    `${token} = '' OR startsWith(${token}, '{') OR startsWith(${token}, '['), 'null', ` +
    `position(${token}, 'e') = 0 OR ${token} IN ('true', 'false'), ${token}, ` +
    `replaceRegexpOne(${token}, 'e([0-9])', 'e+\\\\1'))`
  );
}

/** The number of a token, NULL when it is none. JSONExtractFloat reads exactly, unlike toFloat64. */
export function tokenNumberSql(token: string): string {
  return `if(match(${token}, '^[-0-9]'), toNullable(JSONExtractFloat(${token})), NULL)`;
}
