import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { describe, expect, test } from 'vitest';

import { policyJsonSchema } from '../../scripts/policy-json-schema.ts';
import { POLICY_KEYS } from '../../src/policy/policy-schema.ts';
import { RULE_KEYS } from '../../src/policy/rule-schema.ts';

const file = join(dirname(fileURLToPath(import.meta.url)), '../../schema/policy.schema.json');

interface ObjectSchema {
  readonly properties: Readonly<Record<string, unknown>>;
  readonly additionalProperties: unknown;
}

describe('schema/policy.schema.json', () => {
  test('is what the parser says at present; npm run schema writes it anew', () => {
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(JSON.parse(JSON.stringify(policyJsonSchema())));
  });

  test('knows every key of policies and rules, and no other', () => {
    const { $defs } = policyJsonSchema() as { readonly $defs: Readonly<Record<'policy' | 'rule', ObjectSchema>> };
    for (const [name, keys] of [
      ['policy', POLICY_KEYS],
      ['rule', RULE_KEYS],
    ] as const) {
      expect(Object.keys($defs[name].properties)).toEqual(keys);
      expect($defs[name].additionalProperties).toBe(false);
    }
  });
});
