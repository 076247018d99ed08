import { Dialog } from '@base-ui/react/dialog';
import type { ReactNode } from 'react';
import { IconButton } from './button.tsx';

interface OverlayProps {
  readonly open: boolean;
  readonly title: ReactNode;
  readonly onClose: () => void;
  readonly children: ReactNode;
}

export const Drawer = ({
  open,
  title,
  actions,
  onClose,
  children,
}: OverlayProps & { readonly actions?: ReactNode }) => (
  <Dialog.Root onOpenChange={(next) => (next ? undefined : onClose())} open={open}>
    <Dialog.Portal>
      <Dialog.Backdrop className="backdrop" />
      <Dialog.Popup className="drawer">
        <header>
          <Dialog.Title>{title}</Dialog.Title>
          {actions}
          <Dialog.Close render={<IconButton icon="close" label="Close" />} />
        </header>
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is reached by keyboard */}
        <div className="body" tabIndex={0}>
          {children}
        </div>
      </Dialog.Popup>
    </Dialog.Portal>
  </Dialog.Root>
);

export const Modal = ({ open, title, onClose, children }: OverlayProps) => (
  <Dialog.Root onOpenChange={(next) => (next ? undefined : onClose())} open={open}>
    <Dialog.Portal>
      <Dialog.Backdrop className="backdrop" />
      <Dialog.Popup className="popup dialog form">
        <Dialog.Title>{title}</Dialog.Title>
        {children}
      </Dialog.Popup>
    </Dialog.Portal>
  </Dialog.Root>
);
