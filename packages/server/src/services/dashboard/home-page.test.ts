import { createHash } from 'node:crypto';
import { defaultPorts, serviceNames } from '@streamflow/contracts';
import { describe, expect, it } from 'vitest';
import { homePagePolicy, renderHomePage } from './home-page.ts';

const page = renderHomePage({
  version: '1.2.3',
  url: (service) => `http://localhost:${defaultPorts[service]}`,
});

describe('the start page', () => {
  it('links to the documentation of every service', () => {
    for (const name of serviceNames)
      expect(page).toContain(`href="http://localhost:${defaultPorts[name]}/docs"`);
    expect(page).toContain('Version 1.2.3');
  });

  it('shows commands that a shell takes as they are', () => {
    const text = page.replaceAll('&quot;', '"').replaceAll('&#39;', "'").replaceAll('&amp;', '&');
    expect(text).toContain('curl http://localhost:8001/events -H "authorization: Bearer $TOKEN"');
    expect(text).toContain(`-d '{"type":"web.click","source":"website","data":{"page":"/dashboard"}}'`);
    expect(text).toContain('curl "http://localhost:8005/events/aggregations?metric=count&group_by=type"');
  });

  it('loads nothing, runs nothing, and its style fits its policy', () => {
    expect(page).not.toMatch(/<(script|link|img|iframe)\b|\bsrc=|\bstyle=|@import|url\(/);
    const style = /<style>([\s\S]*)<\/style>/.exec(page)?.[1] ?? '';
    expect(homePagePolicy).toContain(`'sha256-${createHash('sha256').update(style).digest('base64')}'`);
  });

  it('is for phones and for dark rooms', () => {
    expect(page).toContain('width=device-width');
    expect(page).toContain('color-scheme: light dark');
  });

  it('escapes what it is given', () => {
    const hostile = renderHomePage({ version: '<b>', url: () => 'http://"><script>' });
    expect(hostile).not.toMatch(/<script|<b>/);
  });
});
