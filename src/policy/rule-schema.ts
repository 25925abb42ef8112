import * as v from 'valibot';

import { hasUnjudgeableCharacter } from './names.ts';
import { MAX_PATTERN_LENGTH, parsePattern } from './pattern.ts';

const valuePattern = v.pipe(
  v.string(),
  v.rawCheck(({ dataset, addIssue }) => {
    if (!dataset.typed) return;
    const parsed = parsePattern(dataset.value);
    if ('message' in parsed) addIssue({ message: parsed.message, expected: parsed.accepted });
  }),
  v.minLength(1),
  v.maxLength(MAX_PATTERN_LENGTH),
);

const namePattern = v.pipe(
  valuePattern,
  v.rawCheck(({ dataset, addIssue }) => {
    if (!dataset.typed || !hasUnjudgeableCharacter(dataset.value)) return;
    addIssue({
      message: 'No name holds a space, control or format character, so this never matches.',
      expected: 'a pattern without them',
    });
  }),
);

const namePatterns = v.union([namePattern, v.pipe(v.array(namePattern), v.minLength(1))]);
const condition = v.union([
  valuePattern,
  v.pipe(v.array(valuePattern), v.minLength(1)),
  v.pipe(v.number(), v.finite()),
  v.boolean(),
]);

const conditions = v.record(v.string(), condition);
const text = v.string();

const ruleEntries = {
  id: v.optional(v.pipe(text, v.minLength(1))),
  name: v.optional(text),
  description: v.optional(text),
  effect: v.optional(v.picklist(['allow', 'deny', 'warn'])),
  action: v.optional(namePatterns),
  actions: v.optional(namePatterns),
  allow: v.optional(namePatterns),
  deny: v.optional(namePatterns),
  resource: v.optional(namePatterns),
  resources: v.optional(namePatterns),
  conditions: v.optional(conditions),
  when: v.optional(conditions),
  reason: v.optional(text),
  reason_code: v.optional(text),
  reason_localized: v.optional(v.record(text, text)),
  escalate_on_deny: v.optional(v.boolean()),
};

const PAIRS = [
  ['action', 'actions'],
  ['resource', 'resources'],
  ['conditions', 'when'],
  ['allow', 'deny'],
  ['effect', 'allow'],
  ['effect', 'deny'],
] as const;

type RuleKeys = Readonly<Record<string, unknown>>;

function isRuleKeys(value: unknown): value is RuleKeys {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function has(rule: RuleKeys, ...keys: readonly string[]): boolean {
  return keys.some((key) => rule[key] !== undefined);
}

function* ruleFaults(rule: RuleKeys): Generator<{ message: string; expected: string }> {
  for (const [one, other] of PAIRS) {
    if (has(rule, one) && has(rule, other))
      yield { message: `"${one}" and "${other}" say the same thing twice.`, expected: 'one of them' };
  }
  const isShorthand = has(rule, 'allow', 'deny');
  if (!isShorthand && !has(rule, 'effect'))
    yield { message: 'The rule has no effect.', expected: '"effect", or the shorthand "allow" or "deny"' };
  if (!isShorthand && !has(rule, 'action', 'actions'))
    yield { message: 'The rule names no action.', expected: '"action", "actions", or the shorthand "allow" or "deny"' };
  if (isShorthand && has(rule, 'action', 'actions'))
    yield {
      message: 'The shorthand already names the action.',
      expected: '"effect" with "action", or the shorthand alone',
    };
}

/** The keys that may stand in a rule. */
export const RULE_KEYS: readonly string[] = Object.keys(ruleEntries);

/** Shape of one rule in either dialect, with the checks that concern the rule alone. */
export const ruleSchema: v.GenericSchema = v.pipe(
  v.strictObject(ruleEntries),
  v.rawCheck(({ dataset, addIssue }) => {
    const rule: unknown = dataset.value;
    if (!isRuleKeys(rule)) return;
    for (const fault of ruleFaults(rule)) addIssue(fault);
  }),
);
