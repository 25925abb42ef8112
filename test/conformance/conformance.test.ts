import { readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { describe, expect, test } from 'vitest';

import type { Decision, PolicyDocument, PolicyRequest } from '../../src/index.ts';
import { createTestControlZero } from '../../src/testing/index.ts';
import { createNaiveEvaluator } from '../support/naive-evaluator.ts';

interface ConformanceFile {
  readonly description: string;
  readonly suites: readonly {
    readonly description: string;
    readonly policy: PolicyDocument;
    readonly cases: readonly {
      readonly name: string;
      readonly request: PolicyRequest;
      readonly expect: Pick<Decision, 'allowed' | 'effect' | 'reasonCode' | 'policy' | 'rule'>;
    }[];
  }[];
}

const folder = dirname(fileURLToPath(import.meta.url));
const files = readdirSync(folder).filter((file) => /^(?!bundle-).*\.json$/u.test(file));
const read = (file: string): ConformanceFile => JSON.parse(readFileSync(join(folder, file), 'utf8')) as ConformanceFile;

test('there are cases enough to be worth running elsewhere', () => {
  const cases = files.flatMap((file) => read(file).suites.flatMap((suite) => suite.cases));
  expect(cases.length).toBeGreaterThanOrEqual(200);
});

for (const file of files) {
  const { description, suites } = read(file);
  describe(description, () => {
    for (const suite of suites) {
      test.each(suite.cases.map((one) => [one.name, one] as const))(`${suite.description}: %s`, async (_, one) => {
        const { cz } = await createTestControlZero(suite.policy);
        const { allowed, effect, reasonCode, policy, rule } = cz.evaluate(one.request);
        expect({ allowed, effect, reasonCode, policy, rule }).toEqual(one.expect);
        expect(cz.explain(one.request).decision).toMatchObject(one.expect);
        expect(createNaiveEvaluator(suite.policy)(one.request)).toEqual(one.expect);
        await cz.close();
      });
    }
  });
}
