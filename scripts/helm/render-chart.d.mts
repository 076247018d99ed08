export declare function readChart(directory: string): Map<string, string>;
export declare function renderChart(
  files: ReadonlyMap<string, string>,
  options?: { readonly values?: object; readonly name?: string; readonly namespace?: string },
): Map<string, readonly object[]>;
