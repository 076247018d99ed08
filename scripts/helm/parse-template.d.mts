export declare class TemplateError extends Error {}
export declare function parseTemplate(
  text: string,
  functions: ReadonlySet<string>,
): { readonly nodes: readonly object[]; readonly defined: ReadonlyMap<string, readonly object[]> };
