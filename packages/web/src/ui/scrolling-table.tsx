import type { ReactNode } from 'react';

export interface ScrollingTableProps {
  /** Further classes of the table. */
  readonly className?: string;
  /** On a phone each row is a card; a cell whose column must be named there has `data-label`. */
  readonly cards?: boolean;
  readonly children: ReactNode;
}

/** A table that scrolls by itself where it is wider than its place. */
export const ScrollingTable = ({ className, cards = false, children }: ScrollingTableProps) => (
  // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is reached by keyboard
  <div className="table-scroll" tabIndex={0}>
    <table className={['table', cards ? 'cards' : '', className ?? ''].filter(Boolean).join(' ')}>
      {children}
    </table>
  </div>
);
