/** One piece of work within a trace. */
export interface Span {
  /** W3C trace context of this span, for whoever works on behalf of it. */
  readonly traceparent: string;
  set(name: string, value: string | number): void;
  /** Ends it; with the reason when the work failed. */
  end(failure?: string): void;
}

export interface SpanOptions {
  readonly kind: 'server' | 'client' | 'producer' | 'consumer' | 'internal';
  /** W3C trace context of the work that this is part of; what is not valid counts as none. */
  readonly parent?: string | undefined;
  /** Trace contexts of other work that this is done for. */
  readonly links?: readonly string[];
  /** Milliseconds since the epoch; now unless given. */
  readonly startedAt?: number;
  readonly attributes?: Readonly<Record<string, string | number>>;
}

/** Where spans go. Parts that may be traced hold `Tracing | null`: null costs them a comparison. */
export interface Tracing {
  /** Begins a span; null when its trace is not among those that are sampled. */
  start(name: string, options: SpanOptions): Span | null;
  /** Does the work, and whatever it leads to, on behalf of the span. */
  within<T>(span: Span, work: () => T): T;
  /** Begins a span of the work that is under way; null outside of any that is traced. */
  startWithin(name: string, options: Omit<SpanOptions, 'parent'>): Span | null;
}
