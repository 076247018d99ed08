export type Theme = 'light' | 'dark';

const storageKey = 'streamflow.theme';
const listeners = new Set<() => void>();

export const currentTheme = (): Theme =>
  document.documentElement.dataset.theme === 'dark' ? 'dark' : 'light';

function apply(theme: Theme): void {
  document.documentElement.dataset.theme = theme;
  for (const listener of listeners) listener();
}

/** The other theme, from now on and on the next visit. */
export function toggleTheme(): void {
  const theme = currentTheme() === 'dark' ? 'light' : 'dark';
  localStorage.setItem(storageKey, theme);
  apply(theme);
}

/** Follows the system for as long as nothing was chosen. */
export function followSystemTheme(): void {
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', ({ matches }) => {
    if (localStorage.getItem(storageKey) === null) apply(matches ? 'dark' : 'light');
  });
}

/** Calls the listener at each change; returns what ends that. */
export function onThemeChange(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
