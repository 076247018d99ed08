import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Outlet,
  redirect,
} from '@tanstack/react-router';
import { formatParams, oneOf, type Params, parseParams } from '../lib/view.ts';
import { Overview } from '../pages/overview/overview.tsx';
import { SignIn } from '../pages/sign-in/sign-in.tsx';
import { ErrorState } from '../ui/states.tsx';
import { firstStepsPath, signInPath } from './pages.ts';
import { isSignedIn, restoreSession } from './session.ts';
import { NotFound, Shell } from './shell.tsx';

const rootRoute = createRootRoute({
  component: Outlet,
  validateSearch: (search: Params): Params => search,
  notFoundComponent: NotFound,
});

const signInRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: signInPath,
  component: SignIn,
  beforeLoad: async ({ search }) => {
    await restoreSession();
    if (isSignedIn()) throw redirect({ href: oneOf(search, 'back') ?? '/' });
  },
});

/** All pages but the one for signing in. */
const shellRoute = createRoute({
  getParentRoute: () => rootRoute,
  id: 'shell',
  component: Shell,
  errorComponent: ({ error, reset }) => <ErrorState error={error} retry={reset} />,
  beforeLoad: async ({ location }) => {
    await restoreSession();
    if (!isSignedIn()) throw redirect({ to: signInPath, search: { back: location.href } });
  },
});
const page = (path: string, component: Parameters<typeof lazyRouteComponent>[0]) =>
  createRoute({
    getParentRoute: () => shellRoute,
    path,
    component: lazyRouteComponent(component),
  });

const overviewRoute = createRoute({ getParentRoute: () => shellRoute, path: '/', component: Overview });

export const router = createRouter({
  routeTree: rootRoute.addChildren([
    signInRoute,
    shellRoute.addChildren([
      overviewRoute,
      page(firstStepsPath, () => import('../pages/start/first-steps.tsx')),
      page('/browse', () => import('../pages/events/events.tsx')),
      page('/explore', () => import('../pages/explore/explore.tsx')),
      page('/alerts', () => import('../pages/alerts/alerts.tsx')),
      page('/pipeline', () => import('../pages/pipeline/pipeline.tsx')),
      page('/admin', () => import('../pages/settings/settings.tsx')),
    ]),
  ]),
  parseSearch: parseParams,
  stringifySearch: formatParams,
  defaultPreload: 'intent',
});
