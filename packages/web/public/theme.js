// Before anything is painted, so that no page flashes in the other theme. app/theme.ts keeps it from then on.
const chosen = localStorage.getItem('streamflow.theme');
document.documentElement.dataset.theme =
  chosen === 'light' || chosen === 'dark'
    ? chosen
    : matchMedia('(prefers-color-scheme: dark)').matches
      ? 'dark'
      : 'light';
