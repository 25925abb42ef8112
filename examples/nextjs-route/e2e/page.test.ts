import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

import type { Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';

import { MISTAKEN, RELAXED, STRICT } from './policies.ts';
import { SCREENSHOTS } from './support/app-copy.ts';
import { openBrowser } from './support/browser.ts';
import type { Stage } from './support/stage.ts';
import { openStage } from './support/stage.ts';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** What an accessibility check found: rule and element. */
async function accessibilityProblems(page: Page): Promise<string[]> {
  await page.evaluate(AXE);
  return page.evaluate(async () => {
    const { axe } = globalThis as unknown as { axe: { run: () => Promise<{ violations: readonly Violation[] }> } };
    interface Violation {
      readonly id: string;
      readonly nodes: readonly { readonly html: string }[];
    }
    const { violations } = await axe.run();
    return violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html}`));
  });
}

describe('the page in Chromium', () => {
  let stage: Stage;
  let page: Page;
  let closeBrowser: (() => Promise<void>) | undefined;
  const failures: string[] = [];

  beforeAll(async () => {
    const { context, close } = await openBrowser();
    closeBrowser = close;
    stage = await openStage('start', STRICT);
    page = context.pages()[0] ?? (await context.newPage());
    page.setDefaultTimeout(15_000);
    page.on('pageerror', (error) => failures.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error' && !message.text().includes('403 (Forbidden)')) failures.push(message.text());
    });
    await page.goto(stage.app.url);
  });
  afterAll(async () => {
    await closeBrowser?.();
    await stage?.[Symbol.asyncDispose]();
  });
  beforeEach(() => stage.provider.reset());

  const alert = () => page.getByRole('main').getByRole('alert');
  const right = (name: string) => page.getByRole('listitem').filter({ hasText: name });
  const screenshot = async (name: string) => page.screenshot({ path: join(SCREENSHOTS, `${name}.png`) });
  const ask = async (text: string): Promise<number> => {
    const answered = page.waitForResponse('**/api/chat');
    await page.getByRole('textbox', { name: 'Message' }).fill(text);
    await page.getByRole('button', { name: 'Send' }).click();
    return (await answered).status();
  };
  const signInAs = async (name: string): Promise<void> => {
    await page.getByRole('button', { name }).click();
    await page.getByRole('region', { name: 'What you may use' }).getByText(`${name}, agent`).waitFor();
  };

  test('whoever signs in sees what their agent may use', async () => {
    expect(await accessibilityProblems(page)).toEqual([]);
    await screenshot('sign-in');
    await signInAs('Ben');
    expect(await right('GPT-3.5 Turbo').textContent()).toContain('Allowed');
    expect(await right('GPT-4 Turbo').textContent()).toContain('Not allowed');
    expect(await right('Handbook search').textContent()).toContain('Not allowed');
  });

  test('an allowed model answers', async () => {
    expect(await ask('How long do refunds take?')).toBe(200);
    await page.getByText('Answer of gpt-3.5-turbo.').waitFor();
    expect(stage.models()).toEqual(['gpt-3.5-turbo']);
  });

  test('a denied model gives a message that names the model, the agent and what to use instead', async () => {
    await page.getByRole('radio', { name: /^GPT-4 Not allowed/u }).check();
    expect(await ask('And for premium customers?')).toBe(403);
    await alert().waitFor();
    const message = await alert().textContent();
    expect(message).toContain('The model gpt-4 may not be used here.');
    expect(message).toContain('basic-support');
    expect(await alert().getByRole('button').allTextContents()).toEqual(['GPT-3.5 Turbo']);
    expect(stage.models()).toEqual([]);
    await screenshot('denied-light');
  });

  test('the same question can be asked of a model that is allowed', async () => {
    await alert().getByRole('button', { name: 'GPT-3.5 Turbo' }).click();
    await page.getByText('Answer of gpt-3.5-turbo.').nth(1).waitFor();
    await alert().waitFor({ state: 'detached' });
    expect(await page.getByRole('radio', { name: /^GPT-3.5/u }).isChecked()).toBe(true);
    expect(stage.models()).toEqual(['gpt-3.5-turbo']);
  });

  test('a policy that changes while the page is open counts at the next message', async () => {
    await page.evaluate(() => Object.assign(globalThis, { isSamePage: true }));
    await page.getByRole('radio', { name: /^GPT-4 Not allowed/u }).check();
    expect(await ask('Now?')).toBe(403);
    expect(stage.models()).toEqual([]);

    stage.writePolicy(RELAXED);
    await page.getByRole('radio', { name: /^GPT-4 Thorough/u }).waitFor();
    await screenshot('policy-changed');
    const answered = page.waitForResponse('**/api/chat');
    await alert().getByRole('button', { name: 'Ask again' }).click();
    expect((await answered).status()).toBe(200);
    await page.getByText('Answer of gpt-4.', { exact: true }).waitFor();
    expect(stage.models()).toEqual(['gpt-4']);

    stage.writePolicy(STRICT);
    await page.getByRole('radio', { name: /^GPT-4 Not allowed/u }).waitFor();
    expect(await ask('Still?')).toBe(403);
    expect(stage.models()).toEqual(['gpt-4']);
    expect(await page.evaluate(() => 'isSamePage' in globalThis)).toBe(true);
  });

  test('an edit with a mistake changes nothing and is said', async () => {
    stage.writePolicy(MISTAKEN);
    await page.getByText('The last edit has a mistake.').waitFor();
    expect(await ask('Is everything allowed?')).toBe(403);
    expect(stage.models()).toEqual([]);
    stage.writePolicy(STRICT);
    await page.getByText('The last edit has a mistake.').waitFor({ state: 'detached' });
  });

  test('a denial in the stream is as readable as one before it', async () => {
    await page.getByRole('radio', { name: /^GPT-3.5/u }).check();
    expect(await ask('A long text. '.repeat(200))).toBe(200);
    await alert().getByText('The model gpt-4-turbo may not be used here.').waitFor();
    expect(stage.models()).toEqual([]);
    await screenshot('denied-in-stream');
    await alert().getByRole('button', { name: 'New conversation' }).click();
    await alert().waitFor({ state: 'detached' });
    await page.getByText('How can we help?').waitFor();
  });

  test('what failed for another reason can be tried again', async () => {
    stage.provider.failNext({ status: 400 });
    expect(await ask('Once more?')).toBe(200);
    await alert().getByText('Something went wrong.').waitFor();
    await alert().getByRole('button', { name: 'Try again' }).click();
    await page.getByText('Answer of gpt-3.5-turbo.').waitFor();
    expect(stage.models()).toEqual(['gpt-3.5-turbo', 'gpt-3.5-turbo']);
  });

  test('the search is denied to one user and answers the other', async () => {
    const search = async (): Promise<number> => {
      const answered = page.waitForResponse('**/api/search');
      await page.getByRole('searchbox').fill('refunds');
      await page.getByRole('searchbox').press('Enter');
      return (await answered).status();
    };
    expect(await search()).toBe(403);
    await page.getByText('The model text-embedding-3-small may not be used here.').waitFor();
    await screenshot('search-denied');
    expect(stage.models()).toEqual([]);

    await signInAs('Ada');
    expect(await search()).toBe(200);
    await page.getByRole('heading', { level: 3 }).first().waitFor();
    expect(stage.models()).toEqual(['text-embedding-3-small']);
  });

  test('the keyboard is enough', async () => {
    await page.getByRole('button', { name: 'Ada' }).focus();
    await page.keyboard.press('Tab');
    expect(await page.locator(':focus').textContent()).toContain('Ben');
    await page.keyboard.press('Tab');
    expect(await page.locator(':focus').getAttribute('name')).toBe('model');
    await page.keyboard.press('ArrowRight');
    expect(await page.getByRole('radio', { name: /^GPT-4 Thorough/u }).isChecked()).toBe(true);
    await page.keyboard.press('Tab');
    await page.keyboard.type('Hello');
    await page.keyboard.press('Shift+Enter');
    await page.keyboard.type('from the keyboard');
    await page.keyboard.press('Enter');
    await page.getByText('Answer of gpt-4.', { exact: true }).waitFor();
    expect(stage.models()).toEqual(['gpt-4']);
  });

  test.each(['light', 'dark'] as const)('an accessibility check finds nothing in %s colours', async (colorScheme) => {
    await page.emulateMedia({ colorScheme });
    await signInAs('Ben');
    await page.getByRole('radio', { name: /^GPT-4 Not allowed/u }).check();
    expect(await ask('May I?')).toBe(403);
    await alert().waitFor();
    await screenshot(`accessibility-${colorScheme}`);
    expect(await accessibilityProblems(page)).toEqual([]);
    await signInAs('Ada');
  });

  test('a narrow screen shows everything without scrolling sideways', async () => {
    await page.emulateMedia({ colorScheme: 'light' });
    await page.setViewportSize({ width: 390, height: 844 });
    await signInAs('Ben');
    await page.getByRole('radio', { name: /^GPT-4 Turbo Not allowed/u }).check();
    expect(await ask('Does it fit?')).toBe(403);
    await alert().waitFor();
    await screenshot('narrow');
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(390);
  });

  test('the browser reported no error but the denials', () => {
    expect(failures).toEqual([]);
  });
});
