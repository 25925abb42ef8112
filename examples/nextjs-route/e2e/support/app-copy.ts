import { cpSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const example = join(import.meta.dirname, '../..');

/** Where the copy that is built and edited lies: below the example, so that its packages are found. */
export const APP: string = join(example, '.e2e/app');
/** Where screenshots go. */
export const SCREENSHOTS: string = join(example, '.e2e/screenshots');

/** Copies the example, without its policy file and with the pages that only tests need. */
export function copyApp(): void {
  rmSync(join(example, '.e2e'), { recursive: true, force: true });
  mkdirSync(SCREENSHOTS, { recursive: true });
  for (const part of ['app', 'components', 'lib', 'tsconfig.json', 'package.json'])
    cpSync(join(example, part), join(APP, part), { recursive: true });
  cpSync(join(example, 'e2e/fixture'), APP, { recursive: true });
}

/** Next's command line. */
export const NEXT: string = join(example, 'node_modules/next/dist/bin/next');

/** The environment without a policy, a key, and what a test runner adds. */
export function cleanEnvironment(more: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^(?:CONTROLZERO|OPENAI|NODE|VITEST|NEXT)_?/u.test(name),
  );
  const environment: unknown = { ...Object.fromEntries(kept), NEXT_TELEMETRY_DISABLED: '1', ...more };
  // Next's types want NODE_ENV, which its command line sets.
  return environment as NodeJS.ProcessEnv;
}
