import { readFileSync } from 'node:fs';
import { StreamFlow } from '@streamflow/client';
import type { Browser, BrowserContext, Page, WebSocketRoute } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  administrator,
  freePorts,
  type ServerProcess,
  startServer,
  temporaryDirectory,
} from '../acceptance/server-process.ts';
import { enter, hasBrowser, launch, openContext, seriousFindings, watch } from './browser.ts';
import { hasRealEvents, realEvents } from './real-events.ts';
import { startWebhookReceiver, type WebhookReceiver } from './webhook-receiver.ts';

/* A new user goes through the pages of a real server with real events, in Chromium. */

const required = process.env.REQUIRE_SERVICES === '1';
/** Where `npm run screenshots` puts a picture of each page. */
const pictures = process.env.STREAMFLOW_SCREENSHOTS;
const eventsOfEach = 1200;
const pages = [
  { name: 'overview', path: '/' },
  { name: 'events', path: '/browse' },
  { name: 'explore', path: '/explore?by=type&chart=area' },
  { name: 'alerts', path: '/alerts' },
  { name: 'alert-rules', path: '/alerts?part=rules' },
  { name: 'alert-channels', path: '/alerts?part=channels' },
  { name: 'alert-silences', path: '/alerts?part=silences' },
  { name: 'pipeline', path: '/pipeline' },
  { name: 'settings', path: '/admin' },
  { name: 'settings-metrics', path: '/admin?part=metrics' },
  { name: 'settings-audit', path: '/admin?part=audit' },
] as const;

describe.skipIf(!required && !(hasBrowser && hasRealEvents))('the dashboard in a browser', () => {
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
  let server: ServerProcess;
  let receiver: WebhookReceiver;
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;
  let problems: string[];
  let client: StreamFlow;
  let base: string;

  beforeAll(async () => {
    directory = await temporaryDirectory();
    receiver = await startWebhookReceiver();
    server = await startServer({
      dataDirectory: directory.path,
      ports: await freePorts(),
      env: { ALERTING_ALLOW_PRIVATE_TARGETS: 'true' },
    });
    base = server.url('dashboard', '');
    browser = await launch();
    context = await openContext(browser, { size: 'wide', theme: 'light' });
    page = await context.newPage();
    page.setDefaultTimeout(15_000);
    problems = watch(page);
  }, 90_000);

  afterAll(async () => {
    await browser?.close();
    await server?.stop();
    await receiver?.close();
    await directory?.remove();
  }, 60_000);

  const signIn = async (password: string): Promise<void> => {
    await page.getByLabel('E-mail address').fill(administrator.username);
    await page.getByLabel('Password').fill(password);
    await page.keyboard.press('Enter');
  };
  const go = (name: string) => page.getByRole('navigation').getByRole('link', { name, exact: true }).click();
  const countOf = async (query: Parameters<StreamFlow['events']['aggregate']>[0]) =>
    (await client.events.aggregate(query)).total;

  it('says in plain words why somebody cannot sign in', async () => {
    await page.goto(`${base}/pipeline`);
    await signIn('not the password');
    await page.getByText('do not belong together').waitFor();
    // The browser itself reports the 401; that is the one report that belongs here.
    expect(problems.splice(0).filter((text) => !text.includes('401'))).toEqual([]);
  });

  it('signs in, leads to where one wanted to go, and stays signed in over a reload', async () => {
    await signIn(administrator.password);
    await page.getByRole('heading', { name: 'Pipeline', level: 1 }).waitFor();
    await page.reload();
    await page.getByRole('heading', { name: 'Pipeline', level: 1 }).waitFor();
    // Nothing that scripts can read is worth stealing.
    expect(await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }]))).toBe(
      JSON.stringify([{ 'streamflow.session': 'open' }, {}]),
    );
    const { access_token: token } = await new StreamFlow({ dashboardUrl: base }).auth.login(
      administrator.username,
      administrator.password,
    );
    client = new StreamFlow({ dashboardUrl: base, token });
  });

  it('leads to the first event: a key, a program to paste, and the news of its arrival', async () => {
    await go('Overview');
    await page.getByRole('button', { name: 'Make an ingest key' }).click();
    await page.locator('.step-key').waitFor();
    if (pictures !== undefined) await page.screenshot({ path: `${pictures}/first-steps.png` });
    const shown = await page.locator('.step pre').innerText();
    const [, url = '', key = ''] = /curl (\S+)[\s\S]*Bearer (sf_\w+)/.exec(shown) ?? [];
    const [, body = ''] = /-d '(.*)'$/.exec(shown) ?? [];
    const sent = await fetch(url, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body,
    });
    expect(sent.status).toBe(201);
    await page.getByText('It is here.').waitFor();
    const events = await realEvents(eventsOfEach, Date.now() - 2000, 3_400_000);
    for (let at = 0; at < events.length; at += 1000)
      expect(await client.deliver(events.slice(at, at + 1000))).toEqual([]);
    await expect.poll(() => countOf({}), { timeout: 10_000 }).toBe(events.length + 1);
    await page.getByRole('link', { name: 'Go to the overview' }).click();
  });

  it('shows what happens now and during the last hour', async () => {
    await page.reload();
    await page.locator('.top-list a', { hasText: 'custom.dns' }).waitFor();
    await page.getByText('Live', { exact: true }).waitFor();
    await page.locator('[aria-label="Live"] canvas').waitFor();
    const users = await page
      .locator('.tile', { hasText: 'Active users' })
      .locator('.tile-figure')
      .innerText();
    expect(Number(users.replaceAll(',', ''))).toBe(await countOf({ metric: 'unique_users' }));
    await page.keyboard.press('Control+k');
    await page.keyboard.type('24 hours');
    await page.keyboard.press('Enter');
    await page.waitForURL(/range=24h/);
    await page.reload();
    await page.getByRole('button', { name: 'Time range: Last 24 hours' }).waitFor();
  });

  it('follows a type to its events, and reads on as one scrolls', async () => {
    await page.locator('.top-list a', { hasText: 'custom.dns' }).click();
    await page.locator('.chip', { hasText: 'custom.dns' }).waitFor();
    await page.locator('[data-row="0"]').waitFor();
    const rowCount = async () => Number(await page.getByRole('table').getAttribute('aria-rowcount'));
    expect(await rowCount()).toBe(201);
    await page.evaluate(() => scrollTo(0, document.body.scrollHeight));
    await expect.poll(rowCount, { timeout: 10_000 }).toBeGreaterThan(201);
    // Only the rows in sight are on the page.
    expect(await page.locator('[data-row]').count()).toBeLessThan(100);
    await page.evaluate(() => scrollTo(0, 0));
  });

  it('opens an event by keyboard, and filters by one of its values', async () => {
    await page.locator('[data-row="0"]').focus();
    await page.keyboard.press('ArrowDown');
    await expect.poll(() => page.evaluate(() => document.activeElement?.getAttribute('data-row'))).toBe('1');
    await page.keyboard.press('Enter');
    await page
      .getByRole('dialog')
      .getByRole('button', { name: /^Only events with source/ })
      .click();
    await page.keyboard.press('Escape');
    await page.locator('.chip', { hasText: 'zeek' }).waitFor();
  });

  it('shows the same to whoever opens the link', async () => {
    const other = await openContext(browser, { size: 'wide', theme: 'light' });
    await enter(other, base, administrator);
    const linked = await other.newPage();
    await linked.goto(page.url());
    await linked.locator('.chip', { hasText: 'custom.dns' }).waitFor();
    await linked.locator('.chip', { hasText: 'zeek' }).waitFor();
    expect(await linked.getByRole('button', { name: /^Time range/ }).innerText()).toContain('24 hours');
    await other.close();
  });

  it('exports what is shown', async () => {
    await page.getByRole('button', { name: 'Export' }).click();
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('menuitem', { name: /NDJSON/ }).click(),
    ]);
    const lines = readFileSync(await download.path(), 'utf8')
      .trimEnd()
      .split('\n');
    expect(lines.length).toBe(await countOf({ type: 'custom.dns', source: 'zeek' }));
    expect(new Set(lines.map((line) => JSON.parse(line).type))).toEqual(new Set(['custom.dns']));
  });

  it('looks at the time that was drawn over in the histogram', async () => {
    const box = await page.locator('[aria-label="Events over time"] .u-over').boundingBox();
    if (box === null) throw new Error('The histogram is not there');
    await page.mouse.move(box.x + box.width * 0.5, box.y + 40);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.8, box.y + 40, { steps: 4 });
    await page.mouse.up();
    await page.waitForURL(/from=.*to=/);
    await page.goBack();
  });

  it('tails events live, and holds still when it is paused', async () => {
    await page.goto(`${base}/browse?f=type:custom.tail`);
    await page.getByText('No events fit').waitFor();
    await page.getByRole('button', { name: 'Live' }).click();
    client.track({ type: 'custom.tail', source: 'test', data: { number: 1 } });
    await client.flush();
    await page.locator('[data-row="0"]', { hasText: 'number=1' }).waitFor();
    await page.getByRole('button', { name: 'Pause' }).click();
    client.track({ type: 'custom.tail', source: 'test', data: { number: 2 } });
    await client.flush();
    await page.waitForTimeout(2500);
    expect(await page.locator('[data-row]').count()).toBe(1);
    await page.getByRole('button', { name: 'Paused' }).click();
    await page.locator('[data-row="0"]', { hasText: 'number=2' }).waitFor();
  });

  it('answers a question as a number, a table and a chart', async () => {
    await page.goto(`${base}/explore?metric=sum&field=data.added&chart=number`);
    const shown = await page.locator('.answer-figure').innerText();
    expect(Number(shown.replaceAll(',', ''))).toBe(await countOf({ metric: 'sum', field: 'data.added' }));
    await page.getByRole('button', { name: 'Table' }).click();
    await page.getByLabel('Broken down by').fill('source');
    await page.keyboard.press('Enter');
    await page.getByRole('cell', { name: '#en.wikipedia' }).waitFor();
    await page.getByLabel('Compared with').selectOption('Period before');
    await page.getByRole('columnheader', { name: 'Change' }).waitFor();
    await page.getByRole('button', { name: 'Bars' }).click();
    await page.locator('.explore-answer canvas').waitFor();
    expect(new URL(page.url()).searchParams.get('chart')).toBe('bars');
  });

  it('adds a user and makes a key that works', async () => {
    await page.goto(`${base}/admin`);
    await page.getByRole('button', { name: 'Add a user' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('E-mail address').fill('viewer@example.com');
    await dialog.getByLabel(/^Password/).fill('another long password');
    await dialog.getByRole('button', { name: 'Add' }).click();
    await page.getByRole('cell', { name: 'viewer@example.com' }).waitFor();
    await page.getByRole('button', { name: 'API keys' }).click();
    await page.getByRole('button', { name: 'Make a key' }).click();
    await dialog.getByLabel('What is it for?').fill('reports');
    await dialog.getByRole('checkbox', { name: /ingest/ }).uncheck();
    await dialog.getByRole('checkbox', { name: /^read/ }).check();
    await dialog.getByRole('button', { name: 'Make the key' }).click();
    const key = await dialog.locator('.new-key').innerText();
    expect(
      (await new StreamFlow({ dashboardUrl: base, apiKey: key }).events.list({ limit: 1 })).data.length,
    ).toBe(1);
    await dialog.getByRole('button', { name: 'I have it' }).click();
    await page.getByRole('cell', { name: 'reports' }).waitFor();
  });

  it('makes a channel and a rule, shows what fires, and takes it on', async () => {
    const part = (name: string) => page.getByRole('button', { name, exact: true }).click();
    const dialog = page.getByRole('dialog');
    const findings: string[] = [];
    const examine = async (name: string): Promise<void> => {
      for (const colorScheme of ['dark', 'light'] as const) {
        await page.emulateMedia({ colorScheme });
        findings.push(...(await seriousFindings(page)).map((text) => `${name}, ${colorScheme}: ${text}`));
        if (pictures !== undefined)
          await page.screenshot({ path: `${pictures}/${name}-${colorScheme}-wide.png` });
      }
    };
    await go('Alerts');
    await page.getByText('Nothing fires').waitFor();

    await part('Channels');
    await page.getByRole('button', { name: 'Add a channel' }).click();
    await dialog.getByLabel(/^Name/).fill('oncall');
    await dialog.getByLabel('Address').fill(receiver.url);
    await dialog.getByRole('button', { name: 'Add' }).click();
    await page.getByRole('button', { name: 'Test' }).click();
    await page.getByText('Delivered in').waitFor();
    expect(receiver.bodies.length).toBe(1);

    await part('Rules');
    await page.getByRole('button', { name: 'Make a rule' }).click();
    await dialog.getByLabel('Name').fill('Too many errors');
    const condition = dialog.getByLabel('Condition');
    await condition.pressSequentially('error_c');
    await page.keyboard.press('Enter');
    await page.keyboard.type(' > ');
    expect(await condition.inputValue()).toBe('error_count > ');
    const attempt = dialog.getByRole('button', { name: 'Try on the last 24 hours' });
    await attempt.click();
    await dialog.locator('.condition mark').waitFor();
    // The browser itself reports the 422; that is the one report that belongs here.
    expect(problems.splice(0).filter((text) => !text.includes('422'))).toEqual([]);
    await condition.fill('error_count > threshold');
    await dialog.getByLabel('Threshold').fill('3');
    await dialog.getByRole('checkbox', { name: 'webhook:oncall' }).check();
    await dialog.locator('.condition-chart canvas').waitFor();
    await attempt.click();
    await dialog.getByText('It would never have fired.').waitFor();
    await examine('alert-rule');
    await dialog.getByRole('button', { name: 'Make the rule' }).click();
    await page.getByRole('row', { name: /well Too many errors/ }).waitFor();

    for (let number = 0; number < 5; number++)
      client.track({ type: 'error', source: 'checkout', data: { message: 'Payment refused' } });
    await client.flush();
    await page.getByRole('row', { name: /fires Too many errors/ }).waitFor();
    await go('Overview');
    await page.locator('[aria-label="Open alerts"] a', { hasText: 'Too many errors' }).click();
    await dialog.getByText('error_count > threshold').waitFor();
    await dialog.getByLabel(/^Comment/).fill('Looking at the payment service');
    await dialog.getByRole('button', { name: 'Acknowledge' }).click();
    await dialog.locator('[data-what="acknowledged"]', { hasText: 'Looking at the payment' }).waitFor();
    await dialog.locator('[data-what="delivered"]').waitFor();
    expect(receiver.bodies.at(-1)).toContain('Too many errors');
    await examine('alert');
    await page.keyboard.press('Escape');
    await page.getByRole('cell', { name: /^taken on by/ }).waitFor();
    expect(findings).toEqual([]);
    expect(problems).toEqual([]);
  });

  it('hears of an alert as it fires, silences and resolves it', async () => {
    const dialog = page.getByRole('dialog');
    await page.goto(`${base}/alerts`);
    await page.getByRole('cell', { name: /^taken on by/ }).waitFor();
    await client.rules.create({ name: 'Checkout breaks', condition: 'error_count > 0', level: 'info' });
    await page.getByRole('button', { name: 'Checkout breaks' }).click();
    await dialog.getByLabel(/^Comment/).fill('Known since the release');
    await dialog.getByRole('button', { name: 'Silence', exact: true }).click();
    // The comment is taken when the field is empty again.
    await expect.poll(() => dialog.getByLabel(/^Comment/).inputValue()).toBe('');
    await dialog.getByRole('button', { name: 'Resolve' }).click();
    await dialog.locator('[data-what="resolved"]').waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'Checkout breaks' }).waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'Past', exact: true }).click();
    await page.getByRole('button', { name: 'Checkout breaks' }).waitFor();
    await page.getByRole('button', { name: 'Silences', exact: true }).click();
    const silence = page.getByRole('row', { name: /Known since the release/ });
    await silence.getByRole('button', { name: 'End now' }).click();
    await silence.getByText('expired').waitFor();
    expect(problems).toEqual([]);
  });

  it('edits a rule and deletes it', async () => {
    const dialog = page.getByRole('dialog');
    await page.goto(`${base}/alerts?part=rules`);
    await page.getByRole('button', { name: 'Checkout breaks' }).click();
    await dialog.getByLabel('Over when').fill('error_count == 0');
    await dialog.getByLabel('Without values').selectOption('It is as it was');
    await dialog.getByLabel('Tags').fill('payments, nightly');
    await dialog.getByRole('button', { name: 'Save' }).click();
    await dialog.waitFor({ state: 'detached' });
    const [edited] = (await client.rules.list({ limit: 10 })).data.filter(
      ({ name }) => name === 'Checkout breaks',
    );
    expect(edited).toMatchObject({
      resolve_condition: 'error_count == 0',
      on_no_data: 'keep',
      tags: ['payments', 'nightly'],
    });
    await page.getByRole('button', { name: 'Checkout breaks' }).click();
    await dialog.getByRole('button', { name: 'Delete…' }).click();
    await dialog.getByRole('button', { name: /^Delete it/ }).click();
    await page.getByRole('button', { name: 'Checkout breaks' }).waitFor({ state: 'detached' });
    expect(problems).toEqual([]);
  });

  it('defines a metric, measures the past by it, and offers it to conditions', async () => {
    const dialog = page.getByRole('dialog');
    await page.goto(`${base}/admin?part=metrics`);
    await page.getByRole('button', { name: 'Define a metric' }).click();
    await dialog.getByLabel('Name').fill('refusals');
    await dialog.getByLabel(/^Which events/).fill('event.type == "error"');
    await dialog.getByRole('button', { name: 'Define the metric' }).click();
    const row = page.getByRole('row', { name: /refusals/ });
    await row.getByRole('button', { name: 'Compute the last hour' }).click();
    await row.getByText('5 of').waitFor();
    await page.goto(`${base}/alerts?part=rules`);
    await page.getByRole('button', { name: 'Make a rule' }).click();
    await dialog.getByLabel('Condition').pressSequentially('refu');
    await dialog.getByRole('option', { name: /refusals/ }).waitFor();
    await page.goto(`${base}/admin?part=audit`);
    await page.getByRole('cell', { name: 'createMetricDefinition' }).waitFor();
    expect(problems).toEqual([]);
  });

  it('gives a metric a tag, and deletes it', async () => {
    const dialog = page.getByRole('dialog');
    await page.goto(`${base}/admin?part=metrics`);
    await page.getByRole('button', { name: 'refusals' }).click();
    await dialog.getByRole('button', { name: 'Add a tag' }).click();
    await dialog.getByLabel('Name of tag 1').fill('shop');
    await dialog.getByLabel('Value of tag 1, in CEL').fill('event.source');
    await dialog.getByRole('button', { name: 'Save' }).click();
    await page
      .getByRole('row', { name: /refusals/ })
      .getByText('shop')
      .waitFor();
    const { data } = await client.metricDefinitions.list({ limit: 10 });
    expect(data.map(({ group_by }) => group_by)).toEqual([{ shop: 'event.source' }]);
    await page.getByRole('button', { name: 'refusals' }).click();
    await dialog.getByRole('button', { name: 'Delete…' }).click();
    await dialog.getByRole('button', { name: /^Delete it/ }).click();
    await page.getByText('No metrics of your own yet').waitFor();
    expect(problems).toEqual([]);
  });

  it('says how long events are kept, and leads to the channels', async () => {
    await page.goto(`${base}/admin?part=retention`);
    await page.getByText('For ever').first().waitFor();
    await page.getByText('nothing was old enough yet').waitFor();
    await page.getByRole('link', { name: /^Channels/ }).click();
    await page.getByRole('cell', { name: /oncall/ }).waitFor();
    expect(problems).toEqual([]);
  });

  it('ends the session in every tab when one signs out', async () => {
    const other = await openContext(browser, { size: 'wide', theme: 'light' });
    await enter(other, base, administrator);
    const [first, second] = [await other.newPage(), await other.newPage()];
    for (const tab of [first, second]) {
      await tab.goto(`${base}/alerts`);
      await tab.getByRole('heading', { name: 'Alerts', level: 1 }).waitFor();
    }
    await second.getByRole('button', { name: 'Account' }).click();
    await second.getByRole('menuitem', { name: 'Sign out' }).click();
    await first.getByRole('heading', { name: 'Sign in to StreamFlow' }).waitFor();
    await other.close();
  });

  it('shows a viewer what there is, and offers nothing that a viewer may not do', async () => {
    const other = await openContext(browser, { size: 'wide', theme: 'light' });
    await enter(other, base, { username: 'viewer@example.com', password: 'another long password' });
    const viewed = await other.newPage();
    const said = watch(viewed);
    await viewed.goto(`${base}/alerts?part=rules`);
    await viewed.getByRole('cell', { name: 'Too many errors' }).waitFor();
    expect(
      await viewed.getByRole('button', { name: /^(Make a rule|Disable|Too many errors)$/ }).count(),
    ).toBe(0);
    await viewed.goto(`${base}/alerts?part=channels`);
    await viewed.getByRole('cell', { name: /oncall/ }).waitFor();
    expect(await viewed.getByRole('button', { name: /^(Add a channel|Test|Remove…)$/ }).count()).toBe(0);
    await viewed.goto(`${base}/alerts`);
    await viewed.getByRole('button', { name: 'Too many errors' }).click();
    await viewed.getByText('Why it fired').waitFor();
    expect(await viewed.getByRole('button', { name: 'Resolve' }).count()).toBe(0);
    await viewed.goto(`${base}/admin?part=audit`);
    await viewed.getByText('For administrators').waitFor();
    expect(said).toEqual([]);
    await other.close();
  });

  it('goes anywhere from the command palette', async () => {
    await page.keyboard.press('Control+k');
    await page.keyboard.type('pipe');
    await page.keyboard.press('Enter');
    await page
      .getByText('Every accepted event is accounted for')
      .or(page.getByText('still on their way'))
      .waitFor();
    expect(await page.locator('.service .dot[data-state="good"]').count()).toBe(5);
  });

  it('says when the connection is lost, and when it is there again', async () => {
    let cut = false;
    const sockets: WebSocketRoute[] = [];
    await page.routeWebSocket(/\/ws\/metrics$/, (socket) => {
      if (cut) return void socket.close();
      socket.connectToServer();
      sockets.push(socket);
    });
    await go('Overview');
    await page.getByText('Live', { exact: true }).waitFor();
    cut = true;
    for (const socket of sockets) await socket.close();
    await page.getByText('Connection lost.').waitFor();
    cut = false;
    await page.getByText('Live', { exact: true }).waitFor();
  });

  it('leads back to the sign-in when the session has ended, and signs out', async () => {
    await context.clearCookies();
    await page.goto(`${base}/explore?by=source`);
    await page.getByText('Your session has ended').waitFor();
    problems.splice(0, problems.length, ...problems.filter((text) => !text.includes('401')));
    await signIn(administrator.password);
    await page.waitForURL(/explore\?by=source/);
    await page.getByRole('button', { name: 'Account' }).click();
    await page.getByRole('menuitem', { name: 'Sign out' }).click();
    await page.getByRole('heading', { name: 'Sign in to StreamFlow' }).waitFor();
    if (pictures !== undefined) await page.screenshot({ path: `${pictures}/sign-in.png` });
    await expect.poll(async () => (await context.cookies()).length).toBe(0);
    await page.reload();
    await page.getByRole('heading', { name: 'Sign in to StreamFlow' }).waitFor();
    expect(problems).toEqual([]);
  });

  // Contrast depends on the theme and layout on the width: two of the four show both. Pictures are made of all.
  it.each([
    ['light', 'wide'],
    ['dark', 'phone'],
    ...(pictures === undefined
      ? []
      : ([
          ['dark', 'wide'],
          ['light', 'phone'],
        ] as const)),
  ] as const)('is accessible and fits: %s, %s', async (theme, size) => {
    const shown = await openContext(browser, { size, theme });
    await enter(shown, base, administrator);
    const each = await shown.newPage();
    const said = watch(each);
    const findings: string[] = [];
    for (const { name, path } of pages) {
      await each.goto(base + path);
      await each.waitForLoadState('networkidle', { timeout: 4000 }).catch(() => {});
      findings.push(...(await seriousFindings(each)).map((text) => `${name}: ${text}`));
      const overflow = await each.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      if (overflow > 0) findings.push(`${name} is ${overflow} pixels too wide`);
      if (pictures !== undefined) await each.screenshot({ path: `${pictures}/${name}-${theme}-${size}.png` });
    }
    expect(findings).toEqual([]);
    expect(said).toEqual([]);
    await shown.close();
  });
});
