import { followSystemTheme, toggleTheme } from '../app/theme.ts';
import '../app/tokens.css';
import './guide.css';

/* The pages of the guide stand by themselves; this adds what needs a script. */

followSystemTheme();
const theme = document.querySelector<HTMLButtonElement>('button.theme');
if (theme !== null) {
  theme.hidden = false;
  theme.addEventListener('click', toggleTheme);
}

for (const block of document.querySelectorAll<HTMLElement>('.code')) {
  const button = document.createElement('button');
  button.type = 'button';
  button.textContent = 'Copy';
  button.setAttribute('aria-live', 'polite');
  button.addEventListener('click', () => void copy(button, block.querySelector('pre')?.textContent ?? ''));
  block.append(button);
}

async function copy(button: HTMLButtonElement, text: string): Promise<void> {
  // Without TLS browsers give the clipboard to pages of this machine alone.
  const copied = await navigator.clipboard?.writeText(text).then(
    () => true,
    () => false,
  );
  button.textContent = copied === true ? 'Copied' : 'Select it and copy';
  setTimeout(() => {
    button.textContent = 'Copy';
  }, 2000);
}

/** What is wider than the page scrolls by itself, and so has to be within reach of the keyboard. */
const reach = new ResizeObserver((entries) => {
  for (const { target } of entries) {
    if (target.scrollWidth > target.clientWidth) target.setAttribute('tabindex', '0');
    else target.removeAttribute('tabindex');
  }
});
for (const wide of document.querySelectorAll('.table, .code pre')) reach.observe(wide);
