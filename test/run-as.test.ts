import { describe, expect, test } from 'vitest';

import { ConfigurationError, runAs } from '../src/index.ts';
import { currentIdentity } from '../src/run-as.ts';
import { SOURCE_URL, runProgram } from './support/run-program.ts';
import { temporaryFolder } from './support/temporary-folder.ts';

const agent = (): unknown => currentIdentity()?.['agent_id'];

describe('runAs', () => {
  test('holds inside the function, across await and timers, and not after', async () => {
    expect(agent()).toBeUndefined();
    const result = await runAs('a', async () => {
      await new Promise((resolve) => setTimeout(resolve));
      return agent();
    });
    expect(result).toBe('a');
    expect(agent()).toBeUndefined();
  });

  test('gives back what the function returns and lets through what it throws', () => {
    expect(runAs('a', () => 5)).toBe(5);
    expect(() =>
      runAs('a', () => {
        throw new Error('x');
      }),
    ).toThrow('x');
  });

  test('keeps many at the same time apart', async () => {
    const names = Array.from({ length: 50 }, (_, index) => `agent-${index}`);
    const seen = await Promise.all(
      names.map(async (name) =>
        runAs(name, async () => {
          await new Promise((resolve) => setTimeout(resolve, Math.random() * 5));
          return agent();
        }),
      ),
    );
    expect(seen).toEqual(names);
  });

  test('replaces an outer one completely', () => {
    runAs({ agent_id: 'outer', tier: 'premium' }, () =>
      runAs('inner', () => expect(currentIdentity()).toEqual({ agent_id: 'inner' })),
    );
  });

  test('takes a context as it is at that moment', () => {
    const context = { agent_id: 'a' };
    runAs(context, () => {
      context.agent_id = 'b';
      expect(agent()).toBe('a');
    });
  });

  test.each([[''], [null], [5], [undefined]])('refuses %j', (value) => {
    expect(() => runAs(value as never, () => 1)).toThrow(ConfigurationError);
  });

  test('reaches every copy of the package in the process', async () => {
    const output = await runProgram(
      `
      const one = await import(${JSON.stringify(SOURCE_URL)});
      const two = await import(${JSON.stringify(new URL('run-as.ts?copy', SOURCE_URL).href)});
      console.log(two.runAs('a', () => new one.ControlZero({ policy: { rules: [] } }).explain({ action: 'a', resource: 'b' }) && one.runAs === two.runAs), one.runAs('b', () => two.currentIdentity().agent_id));`,
      { cwd: temporaryFolder() },
    );
    expect(output).toBe('false b');
  });

  test('says what is missing on a runtime without AsyncLocalStorage', async () => {
    const output = await runProgram(
      `
      const { runAs, init } = await import(${JSON.stringify(SOURCE_URL)});
      process.getBuiltinModule = () => undefined;
      try { runAs('a', () => 1); } catch (error) { console.log(error.code, error.message); }
      const failed = await init({ policyFile: 'x.yaml' }).catch((error) => error);
      console.log(failed.message);
      const none = await init().catch((error) => error);
      console.log(none.code);
      const cz = await init({ policy: { rules: [] } });
      console.log(cz.evaluate({ action: 'a', resource: 'b' }).reasonCode);`,
      { cwd: temporaryFolder() },
    );
    const [runAsLine, fileLine, noneLine, inlineLine] = output.split('\n');
    expect(runAsLine).toMatch(
      /^ERR_CZ_CONFIGURATION runAs\(\) needs node:async_hooks, which this runtime does not have/u,
    );
    expect(fileLine).toMatch(/policyFile needs node:fs\/promises/u);
    expect([noneLine, inlineLine]).toEqual(['ERR_CZ_POLICY_UNAVAILABLE', 'NO_RULE_MATCH']);
  });
});
