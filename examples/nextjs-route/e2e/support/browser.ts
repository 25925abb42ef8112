import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';

import type { BrowserContext } from 'playwright-core';
import { chromium } from 'playwright-core';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome'];
const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** The installed Chromium: `CHROMIUM_PATH`, else the first of the usual names on the path. */
function findChromium(): string {
  const { CHROMIUM_PATH: given, PATH: path = '' } = process.env;
  const folders = path.split(delimiter);
  const candidates = given ? [given] : NAMES.flatMap((name) => folders.map((folder) => join(folder, name)));
  const found = candidates.find((candidate) => existsSync(candidate));
  if (found === undefined)
    throw new Error('These tests need Chromium: install it (apt-get install chromium) or set CHROMIUM_PATH to it.');
  return found;
}

/** Opens a browser with a profile of its own, which `close` removes. */
export async function openBrowser(): Promise<{ context: BrowserContext; close: () => Promise<void> }> {
  const executablePath = findChromium();
  const profile = mkdtempSync(join(tmpdir(), 'nextjs-route-chromium-'));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath,
    args: FLAGS,
    headless: true,
    viewport: { width: 1200, height: 760 },
    colorScheme: 'light',
  });
  const close = async (): Promise<void> => {
    await context.close();
    rmSync(profile, { recursive: true, force: true });
  };
  return { context, close };
}
