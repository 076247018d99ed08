import { existsSync } from 'node:fs';
import axe from 'axe-core';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';

const candidates = [process.env.CHROMIUM_PATH ?? '', '/usr/bin/chromium', '/usr/bin/chromium-browser'];
const executablePath = candidates.find((path) => path !== '' && existsSync(path));

export const hasBrowser = executablePath !== undefined;

export const launch = (): Promise<Browser> =>
  chromium.launch({
    ...(executablePath === undefined ? {} : { executablePath }),
    args: ['--no-sandbox', '--disable-dev-shm-usage'],
  });

/** What a page said on its console as an error, and what it threw. */
export function watch(page: Page): string[] {
  const problems: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning')
      problems.push(`${message.text()} (${message.location().url})`);
  });
  page.on('pageerror', (error) => problems.push(String(error)));
  return problems;
}

export const sizes = {
  wide: { width: 1440, height: 900 },
  phone: { width: 390, height: 844 },
} as const;

export const openContext = (
  browser: Browser,
  { size, theme }: { readonly size: keyof typeof sizes; readonly theme: 'light' | 'dark' },
): Promise<BrowserContext> =>
  browser.newContext({
    viewport: sizes[size],
    colorScheme: theme,
    locale: 'en-GB',
    timezoneId: 'Europe/Berlin',
    hasTouch: size === 'phone',
    permissions: ['clipboard-read', 'clipboard-write'],
  });

/** Signs in without the page that asks for it. */
export async function enter(
  context: BrowserContext,
  base: string,
  { username, password }: { readonly username: string; readonly password: string },
): Promise<void> {
  const data = { username, password, session: 'cookie' };
  const answer = await context.request.post(`${base}/auth/login`, { data });
  if (!answer.ok()) throw new Error(`Sign-in was answered with ${answer.status()}`);
  await context.addInitScript(() => localStorage.setItem('streamflow.session', 'open'));
}

/** What axe finds serious on a page as it stands. */
export async function seriousFindings(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  const report = await page.evaluate<axe.AxeResults>('axe.run(document, { resultTypes: ["violations"] })');
  return report.violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
}
