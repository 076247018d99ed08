import type { ComponentProps } from 'react';
import { Icon, type IconName } from './icon.tsx';

interface ButtonLook {
  readonly kind?: 'primary' | 'quiet' | 'danger' | undefined;
  readonly size?: 'small';
}

export const Button = ({ kind, size, ...rest }: ComponentProps<'button'> & ButtonLook) => (
  <button className="button" data-kind={kind} data-size={size} type="button" {...rest} />
);

/** A button that shows an icon alone; its label is read out and shown on hover. */
export const IconButton = ({
  icon,
  label,
  kind = 'quiet',
  size,
  ...rest
}: ComponentProps<'button'> & ButtonLook & { readonly icon: IconName; readonly label: string }) => (
  <button
    aria-label={label}
    className="button"
    data-icon=""
    data-kind={kind}
    data-size={size}
    title={label}
    type="button"
    {...rest}
  >
    <Icon name={icon} />
  </button>
);
