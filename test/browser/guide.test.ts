import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  startTestServer,
  type TestServer,
  testService,
} from '../../packages/server/src/http/server.fixture.ts';
import { createSite } from '../../packages/server/src/services/dashboard/site.ts';
import { readSiteFiles } from '../../packages/server/src/services/dashboard/site-files.ts';
import { hasBrowser, launch, openContext, seriousFindings, watch } from './browser.ts';

/* The guide as it is built, served as the dashboard serves it, in Chromium. */

const directory = fileURLToPath(new URL('../../packages/web/dist/site', import.meta.url));
const required = process.env.REQUIRE_SERVICES === '1';
/** Where pictures of some pages go, to be looked at. */
const pictures = process.env.GUIDE_PICTURES;

describe.skipIf(!required && !hasBrowser)('the guide in a browser', () => {
  let server: TestServer;
  let browser: Browser;
  let base: string;
  let paths: string[];

  beforeAll(async () => {
    const files = await readSiteFiles(directory);
    paths = [...files.keys()]
      .filter((path) => path.startsWith('/docs/guide') && path.endsWith('.html'))
      .map((path) => path.replace(/\.html$/, ''));
    server = await startTestServer([], {
      service: testService({ name: 'dashboard', site: createSite(files) }),
    });
    base = await server.app.listen({ host: '127.0.0.1', port: 0 });
    browser = await launch();
  }, 60_000);

  afterAll(async () => {
    await browser?.close();
    await server?.close();
  });

  const wide = () => openContext(browser, { size: 'wide', theme: 'light' });
  const phone = () => openContext(browser, { size: 'phone', theme: 'dark' });

  /** What is wrong with a page that is open: it is wider than there is room. */
  async function sidewaysFaults(page: Page, path: string): Promise<string[]> {
    const [width = 0, room = 0] = await page.evaluate(() => [
      document.documentElement.scrollWidth,
      innerWidth,
    ]);
    return width > room ? [`${path} is ${width} wide where there is room for ${room}`] : [];
  }

  it('has a page for all that is written', () => {
    expect(paths.length).toBeGreaterThan(35);
    expect(paths).toContain('/docs/guide');
  });

  it('fits a phone on every page, and nothing fails there', async () => {
    const context = await phone();
    const page = await context.newPage();
    const problems = watch(page);
    for (const path of paths) {
      await page.goto(`${base}${path}`, { waitUntil: 'load' });
      problems.push(...(await sidewaysFaults(page, path)));
    }
    await context.close();
    expect(problems).toEqual([]);
  }, 120_000);

  it.each([
    ['wide and light', wide],
    ['on a phone and dark', phone],
  ])(
    'has nothing that keeps anybody from reading it, %s',
    async (name, open) => {
      const context = await open();
      const page = await context.newPage();
      const findings: string[] = [];
      for (const path of [
        '/docs/guide',
        '/docs/guide/alert-cookbook',
        '/docs/guide/operations/troubleshooting',
      ]) {
        await page.goto(`${base}${path}`);
        await page.locator('button.theme').waitFor();
        findings.push(...(await seriousFindings(page)));
        if (pictures !== undefined)
          await page.screenshot({ path: `${pictures}/${name}${path.replaceAll('/', '-')}.png` });
      }
      await context.close();
      expect(findings).toEqual([]);
    },
    60_000,
  );

  it('is read from page to page, and its code can be copied', async () => {
    const context = await wide();
    const page = await context.newPage();
    const problems = watch(page);
    await page.goto(`${base}/docs/guide`);
    await page.getByRole('main').getByRole('link', { name: 'Quick start', exact: true }).click();
    await page.getByRole('heading', { name: 'Quick start', level: 1 }).waitFor();
    await page.locator('.code', { hasText: 'npm ci' }).hover();
    await page.locator('.code', { hasText: 'npm ci' }).getByRole('button').click();
    expect(await page.evaluate(() => navigator.clipboard.readText())).toBe('npm ci\nnpm start\n');
    await page.getByRole('link', { name: 'Concepts →' }).click();
    await page
      .getByRole('navigation')
      .getByRole('link', { name: 'What an acknowledgement promises' })
      .click();
    expect(new URL(page.url()).hash).toBe('#what-an-acknowledgement-promises');
    const theme = () => page.evaluate(() => document.documentElement.dataset.theme);
    expect(await theme()).toBe('light');
    await page.getByRole('button', { name: 'Theme' }).click();
    await page.reload();
    expect(await theme()).toBe('dark');
    await context.close();
    expect(problems).toEqual([]);
  });

  it('can be read without scripts', async () => {
    const context = await browser.newContext({ javaScriptEnabled: false });
    const page = await context.newPage();
    await page.goto(`${base}/docs/guide/operations/production`);
    await page.getByRole('heading', { name: 'Running in production' }).waitFor();
    expect(await page.locator('button.theme').isVisible()).toBe(false);
    await context.close();
  });
});
