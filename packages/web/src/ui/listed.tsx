import type { ReactNode } from 'react';
import { ErrorState, Skeleton } from './states.tsx';

export interface ListedProps<T> {
  readonly data: readonly T[] | undefined;
  readonly error: unknown;
  readonly refetch: () => unknown;
  /** What is said of an empty list. */
  readonly empty: ReactNode;
  readonly children: (data: readonly T[]) => ReactNode;
}

/** A list that was asked for: why it cannot be shown, that it is on its way, that it is empty, or the list. */
export function Listed<T>({ data, error, refetch, empty, children }: ListedProps<T>) {
  if (error !== null) return <ErrorState error={error} retry={() => void refetch()} />;
  if (data === undefined)
    return (
      <div className="state">
        <Skeleton height={48} />
      </div>
    );
  return data.length === 0 ? empty : children(data);
}
