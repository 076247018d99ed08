import { StreamFlowApiError } from '@streamflow/client';
import type { ReactNode } from 'react';
import { Button } from './button.tsx';

/** What happened and what to do about it, in words for a person. */
export function describeError(error: unknown): string {
  if (!(error instanceof StreamFlowApiError)) return 'Something went wrong on this page.';
  switch (error.code) {
    case 'ConnectionFailed':
      return 'StreamFlow does not answer. Is it running, and is this machine online?';
    case 'Timeout':
      return 'The answer took too long. A shorter time range asks for less.';
    case 'BadGateway':
      return `${error.message}. The page goes on as soon as it is back.`;
    case 'PermissionDenied':
      return 'Your role does not allow this. An administrator can change it.';
    case 'RateLimitExceeded':
      return `Too many requests for now; again in ${error.retryAfter ?? 60} seconds.`;
    default:
      return error.message;
  }
}

export const ErrorState = ({ error, retry }: { readonly error: unknown; readonly retry?: () => void }) => (
  <div className="state" role="alert">
    <strong>This could not be loaded</strong>
    <p>{describeError(error)}</p>
    {error instanceof StreamFlowApiError && error.correlationId !== undefined ? (
      <p className="small">
        In the server's log: <code>{error.correlationId}</code>
      </p>
    ) : null}
    {retry === undefined ? null : <Button onClick={retry}>Try again</Button>}
  </div>
);

export const EmptyState = ({
  title,
  children,
}: {
  readonly title: string;
  readonly children?: ReactNode;
}) => (
  <div className="state">
    <strong>{title}</strong>
    {children}
  </div>
);

export const Skeleton = ({
  height,
  width = '100%',
}: {
  readonly height: number;
  readonly width?: number | string;
}) => <span aria-hidden="true" className="skeleton" style={{ height, width }} />;
