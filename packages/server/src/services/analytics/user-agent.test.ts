import { describe, expect, it } from 'vitest';
import { readUserAgent } from './user-agent.ts';

describe('user agents', () => {
  it.each([
    [
      'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36 Edg/120.0.0.0',
      { device: 'desktop', browser: 'Microsoft Edge', os: 'Windows' },
    ],
    [
      'Mozilla/5.0 (X11; Linux x86_64; rv:120.0) Gecko/20100101 Firefox/120.0',
      { device: 'desktop', browser: 'Firefox', os: 'Linux' },
    ],
    [
      'Mozilla/5.0 (iPad; CPU OS 16_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/16.0 Mobile/15E148 Safari/604.1',
      { device: 'tablet', browser: 'Safari', os: 'iOS' },
    ],
    [
      'Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Mobile Safari/537.36',
      { device: 'mobile', browser: 'Chrome', os: 'Android' },
    ],
    [
      'Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)',
      { device: 'bot', browser: 'Googlebot', os: 'unknown' },
    ],
  ])('tell device, browser and operating system: %s', (text, expected) => {
    expect(readUserAgent(text)).toEqual(expected);
  });

  it('that are none tell nothing, and a very long one costs no more than a short one', () => {
    const nothing = { device: 'unknown', browser: 'unknown', os: 'unknown' };
    for (const text of ['', ' ', 'none', '5', 'constructor', '__proto__', '\u0000'])
      expect(readUserAgent(text)).toEqual(nothing);
    const started = performance.now();
    for (let i = 0; i < 20; i++) readUserAgent('Mozilla/5.0 ('.repeat(100_000));
    expect(performance.now() - started).toBeLessThan(1000);
  });
});
