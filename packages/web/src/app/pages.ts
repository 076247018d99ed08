import type { IconName } from '../ui/icon.tsx';

export interface PageLink {
  readonly path: string;
  readonly name: string;
  readonly icon: IconName;
}

/** The pages in the order of the navigation. Paths are none that the dashboard's API has. */
export const pages: readonly PageLink[] = [
  { path: '/', name: 'Overview', icon: 'overview' },
  { path: '/browse', name: 'Events', icon: 'events' },
  { path: '/explore', name: 'Explore', icon: 'explore' },
  { path: '/alerts', name: 'Alerts', icon: 'alerts' },
  { path: '/pipeline', name: 'Pipeline', icon: 'pipeline' },
  { path: '/admin', name: 'Settings', icon: 'settings' },
];
/** Served beside the dashboard, not part of it. */
export const guidePath = '/docs/guide';
export const firstStepsPath = '/start';
export const signInPath = '/sign-in';
