export declare function executeTemplate(
  nodes: readonly object[],
  data: unknown,
  options: {
    readonly defined: ReadonlyMap<string, readonly object[]>;
    readonly functions: Readonly<Record<string, (...values: never[]) => unknown>>;
  },
): string;
