import { expect, test } from 'vitest';

import { Gate, runAs, watchGates } from '../src/index.ts';
import { createTestControlZero } from '../src/testing/index.ts';
import { rejectionOf } from './support/rejection-of.ts';
import { SOURCE_URL, runProgram } from './support/run-program.ts';
import { modelAllowlist } from './support/specification-policies.ts';
import { temporaryFolder } from './support/temporary-folder.ts';

async function ask(model: string): Promise<string> {
  const { cz } = await createTestControlZero(modelAllowlist);
  const gate = new Gate({ owner: 'test()', cz, options: {} });
  await gate.enforce({ action: 'llm.generate', named: { model } });
  return model;
}

async function reports(run: () => Promise<unknown>): Promise<number> {
  let count = 0;
  await watchGates(run, () => (count += 1)).catch(() => undefined);
  return count;
}

test('reports once when no gate was asked, also when the function fails', async () => {
  expect(await reports(async () => 5)).toBe(1);
  expect(await reports(async () => Promise.reject(new Error('x')))).toBe(1);
});

test('reports nothing when one was asked, and denied', async () => {
  expect(await reports(async () => ask('gpt-4'))).toBe(0);
  expect(await reports(async () => ask('o3'))).toBe(0);
  expect(await reports(async () => runAs('a', async () => ask('gpt-4')))).toBe(0);
});

test('gives back what the function gives, and throws what it throws', async () => {
  expect(
    await watchGates(
      async () => ask('gpt-4'),
      () => undefined,
    ),
  ).toBe('gpt-4');
  const error = new Error('x');
  expect(
    await rejectionOf(
      watchGates(
        async () => Promise.reject(error),
        () => undefined,
      ),
    ),
  ).toBe(error);
});

test('keeps functions at the same time and inside each other apart', async () => {
  const counts = await Promise.all(
    Array.from({ length: 20 }, async (_, index) => reports(async () => (index % 2 === 0 ? ask('gpt-4') : index))),
  );
  expect(counts).toEqual(counts.map((_, index) => index % 2));
  // What is asked inside an inner function belongs to that one.
  expect(
    await reports(async () =>
      watchGates(
        async () => ask('gpt-4'),
        () => undefined,
      ),
    ),
  ).toBe(1);
});

test('keeps the identity of runAs()', async () => {
  const { cz } = await createTestControlZero(modelAllowlist);
  const seen: (string | undefined)[] = [];
  cz.onDecision(({ agentId }) => seen.push(agentId));
  await runAs('support', async () =>
    watchGates(
      async () => cz.enforce({ action: 'llm.generate', resource: 'model/gpt-4' }),
      () => undefined,
    ),
  );
  await cz.flush();
  expect(seen).toEqual(['support']);
});

test('says what is missing on a runtime without AsyncLocalStorage', async () => {
  const output = await runProgram(
    `
    const { watchGates } = await import(${JSON.stringify(SOURCE_URL)});
    process.getBuiltinModule = () => undefined;
    await watchGates(async () => 1, () => undefined).catch((error) => console.log(error.code, error.message));`,
    { cwd: temporaryFolder() },
  );
  expect(output).toContain('ERR_CZ_CONFIGURATION watchGates() needs node:async_hooks');
});
