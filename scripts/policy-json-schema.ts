import { toJsonSchema } from '@valibot/to-json-schema';

import { policyDocumentSchema, policySchema } from '../src/policy/policy-schema.ts';
import { ruleSchema } from '../src/policy/rule-schema.ts';

// Shown by editors while typing. Here and not in the schema itself, because that one ships to production.
const DESCRIPTIONS: Readonly<Record<string, string>> = {
  action: 'Pattern or patterns of actions: llm.generate, embedding.generate, llm.*',
  actions: 'The same as action.',
  allow: 'Shorthand for effect allow with these actions.',
  conditions:
    'Context key -> pattern, list of patterns, number or boolean. All must hold; an absent key never matches.',
  default_action:
    'The effect when no rule of any policy matches. Default: deny. Where policies differ, the strictest wins.',
  deny: 'Shorthand for effect deny with these actions.',
  effect: 'allow, deny, or warn: allowed, and flagged in the decision.',
  id: 'Name of the rule in decisions. Default: its name, else its index.',
  priority: 'Policies apply in ascending order of priority. Default: 100.',
  reason: 'Shown in the decision when this rule decides.',
  resource: 'Pattern or patterns of resources: model/gpt-4, model/gpt-4-turbo*, model/*',
  resources: 'The same as resource.',
  rules: 'Read from top to bottom; the first match decides; no match denies.',
  version:
    "'1' selects the file dialect: resource is optional, and an action without a separator means the whole tool.",
  when: 'The same as conditions.',
};

type Fields = Record<string, unknown>;

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function describe(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(describe);
  if (!isFields(schema)) return schema;
  const described: Fields = {};
  for (const [key, value] of Object.entries(schema)) {
    described[key] = key === 'properties' && isFields(value) ? describeProperties(value) : describe(value);
  }
  return described;
}

function describeProperties(properties: Fields): Fields {
  const entries = Object.entries(properties).map(([name, schema]) => {
    const description = DESCRIPTIONS[name];
    const described = describe(schema) as Fields;
    return [name, description === undefined ? described : { description, ...described }];
  });
  return Object.fromEntries(entries) as Fields;
}

/** The JSON Schema of policy documents. What only the parser can check (the pattern grammar) is left to it. */
export function policyJsonSchema(): object {
  const { $schema, ...schema } = toJsonSchema(policyDocumentSchema, {
    errorMode: 'ignore',
    target: 'draft-2020-12',
    definitions: { policy: policySchema, rule: ruleSchema },
  });
  return {
    $schema,
    $id: 'https://controlzero.ai/schema/policy.schema.json',
    title: 'Control Zero policy',
    description: 'Which agent may use which model.',
    ...(describe(schema) as object),
  };
}
