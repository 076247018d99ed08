/** A server of this run alone, which may be stopped and killed. */
export interface OwnServer {
  readonly name: string;
  readonly port: number;
  /** Resolves when it takes connections. */
  start(): Promise<void>;
  /** Asks it to end, and waits. */
  stop(): Promise<void>;
  kill9(): Promise<void>;
  /** It hangs: takes connections by its kernel's grace, and answers nothing. */
  freeze(): void;
  thaw(): void;
  /** For good, with everything that it started. */
  close(): Promise<void>;
}
