import type { ReactNode } from 'react';

export interface ScrollingTableProps {
  /** Further classes of the table. */
  readonly className?: string;
  readonly children: ReactNode;
}

/** A table that scrolls by itself where it is wider than its place. */
export const ScrollingTable = ({ className, children }: ScrollingTableProps) => (
  // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is reached by keyboard
  <div className="table-scroll" tabIndex={0}>
    <table className={className === undefined ? 'table' : `table ${className}`}>{children}</table>
  </div>
);
