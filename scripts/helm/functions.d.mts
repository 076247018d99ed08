export declare const chartFunctions: Readonly<Record<string, (...values: never[]) => unknown>>;
