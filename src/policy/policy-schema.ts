import * as v from 'valibot';

import { ruleSchema } from './rule-schema.ts';

const effect = v.picklist(['allow', 'deny', 'warn']);
const onMissing = v.picklist(['allow', 'deny']);
const onEmpty = v.picklist(['observe', 'deny', 'allow', 'warn']);
const onTamper = v.picklist(['warn', 'deny', 'deny-all', 'quarantine']);

// The three "on" settings concern a hosted client that allows by default. This package fails closed in
// all those cases, which is at least as strict as any of their values.
const settingsEntries = {
  default_action: v.optional(effect),
  default_on_missing: v.optional(onMissing),
  default_on_empty: v.optional(onEmpty),
  default_on_tamper: v.optional(onTamper),
  tamper_behavior: v.optional(onTamper),
};

const policyEntries = {
  $schema: v.optional(v.string()),
  version: v.optional(v.picklist(['1', 1])),
  name: v.optional(v.pipe(v.string(), v.minLength(1))),
  description: v.optional(v.string()),
  priority: v.optional(v.pipe(v.number(), v.finite())),
  ...settingsEntries,
  settings: v.optional(v.strictObject(settingsEntries)),
  rules: v.array(ruleSchema),
};

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

// Only the file dialect leaves the resource out; in the other one a missing key is more likely a slip
// that would widen the rule to every model.
function* rulesWithoutResource(policy: unknown): Generator<{ readonly index: number; readonly rule: unknown }> {
  if (!isRecord(policy) || policy['version'] !== undefined || !Array.isArray(policy['rules'])) return;
  for (const [index, rule] of policy['rules'].entries()) {
    if (isRecord(rule) && rule['resource'] === undefined && rule['resources'] === undefined) yield { index, rule };
  }
}

/** Shape of one policy in either dialect. */
export const policySchema: v.GenericSchema = v.pipe(
  v.strictObject(policyEntries),
  v.rawCheck(({ dataset, addIssue }) => {
    for (const { index, rule } of rulesWithoutResource(dataset.value)) {
      const path = [{ key: 'rules' }, { key: index }] as never;
      addIssue({
        message: 'The rule names no resource.',
        expected: '"resource", or version: \'1\' in the policy for any resource',
        input: rule,
        path,
      });
    }
  }),
);

const policySetEntries = {
  $schema: v.optional(v.string()),
  policies: v.array(policySchema),
};

/** Shape of `{ policies: [...] }`. */
export const policySetSchema: v.GenericSchema = v.strictObject(policySetEntries);

/** Shape of a list of policies. */
export const policyListSchema: v.GenericSchema = v.array(policySchema);

/** Shape of everything that a source may deliver; the JSON Schema for editors is generated from it. */
export const policyDocumentSchema: v.GenericSchema = v.union([policySchema, policySetSchema, policyListSchema]);

/** The keys that may stand in a policy. */
export const POLICY_KEYS: readonly string[] = Object.keys(policyEntries);
/** The keys that may stand in the settings of a policy. */
export const SETTINGS_KEYS: readonly string[] = Object.keys(settingsEntries);
/** The keys that may stand beside a list of policies. */
export const POLICY_SET_KEYS: readonly string[] = Object.keys(policySetEntries);
