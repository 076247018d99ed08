/*
 * The part of the Fetch standard that the SDK uses, so that its types mean the same with and without the DOM library,
 * and a fetch over something else than TCP is easy to write.
 */

export interface HttpRequest {
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array<ArrayBuffer>;
  readonly signal: AbortSignal;
  /** The request outlives its page (browsers). */
  readonly keepalive?: boolean;
}

export interface HttpBodyReader {
  read(): Promise<{ readonly done: boolean; readonly value?: Uint8Array | undefined }>;
  cancel(): Promise<void>;
}

export interface HttpResponse {
  readonly status: number;
  readonly headers: { get(name: string): string | null };
  readonly body: { getReader(): HttpBodyReader } | null;
  text(): Promise<string>;
}

/** `fetch`, as far as the SDK uses it. Rejects when there is no answer. */
export type FetchLike = (url: string, request: HttpRequest) => Promise<HttpResponse>;
