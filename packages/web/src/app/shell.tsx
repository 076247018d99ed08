import { Menu } from '@base-ui/react/menu';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, Outlet, useLocation, useNavigate } from '@tanstack/react-router';
import { useEffect, useState } from 'react';
import { carriedParams, type Params } from '../lib/view.ts';
import { Button, IconButton } from '../ui/button.tsx';
import { Icon } from '../ui/icon.tsx';
import { EmptyState } from '../ui/states.tsx';
import { useAlertNews } from './alert-news.ts';
import { CommandPalette } from './command-palette.tsx';
import { firstStepsPath, guidePath, pages, signInPath } from './pages.ts';
import { RangePicker } from './range-picker.tsx';
import { client, signOut, useSignedIn, whySignedOut } from './session.ts';
import { toggleTheme } from './theme.ts';
import { useTheme } from './use-theme.ts';

const carried = (search: Params): Params => carriedParams(search);
/** Pages that show a range of time. */
const ranged = ['/', '/browse', '/explore'];

/** What stands around every page: navigation, range of time, palette, theme, and who is signed in. */
export function Shell() {
  const signedIn = useSignedIn();
  const navigate = useNavigate();
  const queries = useQueryClient();
  const { pathname, href } = useLocation();
  const [paletteOpen, setPaletteOpen] = useState(false);
  const title =
    pathname === firstStepsPath ? 'First steps' : pages.find(({ path }) => path === pathname)?.name;

  useEffect(() => {
    if (signedIn || pathname === signInPath) return;
    queries.clear();
    void navigate({ to: signInPath, search: whySignedOut() === 'expired' ? { back: href } : {} });
  }, [signedIn, navigate, queries, pathname, href]);

  useEffect(() => {
    document.title = title === undefined ? 'StreamFlow' : `${title} · StreamFlow`;
  }, [title]);

  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      if (event.key.toLowerCase() !== 'k' || !(event.metaKey || event.ctrlKey)) return;
      event.preventDefault();
      setPaletteOpen((open) => !open);
    };
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  }, []);

  if (!signedIn) return null;
  return (
    <div className="shell">
      <a className="skip" href="#content">
        Skip to content
      </a>
      <nav aria-label="Pages" className="nav">
        <Link className="brand" search={carried} to="/">
          <img alt="" height={24} src="/icon.svg" width={24} />
          <span>StreamFlow</span>
        </Link>
        <ul>
          {pages.map(({ path, name, icon }) => (
            <li key={path}>
              <Link activeOptions={{ exact: true, includeSearch: false }} search={carried} to={path}>
                <Icon name={icon} size={18} />
                <span>{name}</span>
              </Link>
            </li>
          ))}
        </ul>
        <a className="guide-link" href={guidePath}>
          <Icon name="guide" size={18} />
          Guide
        </a>
        <Button className="button search-button" onClick={() => setPaletteOpen(true)}>
          <Icon name="search" size={14} />
          <span>Go to…</span>
          <kbd>Ctrl K</kbd>
        </Button>
      </nav>
      <header className="bar">
        <h1>{title ?? 'Not found'}</h1>
        <span className="grow" />
        {ranged.includes(pathname) ? <RangePicker /> : null}
        <IconButton
          className="button only-narrow"
          icon="search"
          label="Go to…"
          onClick={() => setPaletteOpen(true)}
        />
        <ThemeButton />
        <UserMenu />
      </header>
      <main id="content" tabIndex={-1}>
        <Outlet />
      </main>
      <AlertNews />
      <CommandPalette onClose={() => setPaletteOpen(false)} open={paletteOpen} />
    </div>
  );
}

export const NotFound = () => (
  <EmptyState title="There is no such page">
    <p>
      The address may be old. <Link to="/">Go to the overview</Link>
    </p>
  </EmptyState>
);

function AlertNews() {
  useAlertNews();
  return null;
}

function ThemeButton() {
  const theme = useTheme();
  return (
    <IconButton
      icon={theme === 'dark' ? 'sun' : 'moon'}
      label={theme === 'dark' ? 'Light theme' : 'Dark theme'}
      onClick={toggleTheme}
    />
  );
}

function UserMenu() {
  const { data: me } = useQuery({
    queryKey: ['me'],
    queryFn: () => client.auth.me(),
    staleTime: Number.POSITIVE_INFINITY,
  });
  return (
    <Menu.Root>
      <Menu.Trigger render={<IconButton icon="user" label="Account" />} />
      <Menu.Portal>
        <Menu.Positioner align="end" className="layer" sideOffset={4}>
          <Menu.Popup className="popup menu">
            <div className="menu-head small quiet">
              {me === undefined ? 'Signed in' : me.name}
              {me?.role ? `, ${me.role}` : ''}
            </div>
            <Menu.LinkItem className="menu-item" href={guidePath}>
              Guide
            </Menu.LinkItem>
            <Menu.Item className="menu-item" onClick={signOut}>
              Sign out
            </Menu.Item>
          </Menu.Popup>
        </Menu.Positioner>
      </Menu.Portal>
    </Menu.Root>
  );
}
