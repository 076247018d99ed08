import type { UserDimension } from '@streamflow/contracts';
import Bowser from 'bowser';

/** What no user agent tells. */
export const unknown = 'unknown';

// Longer ones are no browser's, and every expression of the parser reads the whole text.
const longest = 512;

/** Device, browser and operating system of a user agent. */
export function readUserAgent(text: string): Readonly<Record<UserDimension, string>> {
  const read = text.trim().slice(0, longest);
  if (read === '') return { device: unknown, browser: unknown, os: unknown };
  const { platform, browser, os } = Bowser.parse(read);
  return {
    device: platform.type ?? unknown,
    browser: nonEmpty(browser.name),
    os: nonEmpty(os.name),
  };
}

const nonEmpty = (name: string | undefined): string => (name === undefined || name === '' ? unknown : name);
