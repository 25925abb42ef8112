import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, onTestFinished, test, vi } from 'vitest';

import { STRICT } from './policies.ts';
import { APP } from './support/app-copy.ts';
import type { Stage } from './support/stage.ts';
import { openStage } from './support/stage.ts';

interface ProcessReport {
  readonly clients: number;
  readonly edition: number;
  readonly isOtherCopy?: boolean;
}

async function report({ app }: Stage): Promise<ProcessReport> {
  return (await (await fetch(`${app.url}/api/process`)).json()) as ProcessReport;
}

test('server components and route handlers have a copy of the package each, one client, and know each other’s denials', async () => {
  await using stage = await openStage('start', STRICT);
  expect((await fetch(`${stage.app.url}/copies`)).status).toBe(200);
  expect(await report(stage)).toEqual({
    clients: 1,
    edition: 0,
    isOtherCopy: true,
    isInstance: true,
    isFound: true,
    status: 403,
    isSameClient: true,
  });
});

test('a development server that reloads the module keeps one client', async () => {
  await using stage = await openStage('dev', STRICT);
  await fetch(`${stage.app.url}/copies`);
  expect(await report(stage)).toMatchObject({ clients: 1, edition: 0 });
  const file = join(APP, 'lib/cz.ts');
  const source = readFileSync(file, 'utf8');
  onTestFinished(() => writeFileSync(file, source));
  for (const edition of [1, 2, 3]) {
    writeFileSync(file, `${source}\nexport const edition = ${edition};\n`);
    await vi.waitFor(async () => expect(await report(stage)).toMatchObject({ edition }), {
      timeout: 20_000,
      interval: 200,
    });
    await fetch(`${stage.app.url}/copies`);
  }
  expect(await report(stage)).toMatchObject({ clients: 1, isSameClient: true, isInstance: true });
});
