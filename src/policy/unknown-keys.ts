import { RESERVED_KEYS } from './plain-rule.ts';
import { POLICY_KEYS, POLICY_SET_KEYS, SETTINGS_KEYS } from './policy-schema.ts';
import type { PathStep, PlacedProblem } from './problem.ts';
import { describeFound, placeProblem, suggest } from './problem.ts';
import { RULE_KEYS } from './rule-schema.ts';

type Fields = Readonly<Record<string, unknown>>;

// Words that other policy languages, and other Control Zero documents, use for something we do not enforce.
const HINTS: ReadonlyMap<string, string> = new Map([
  ['clients', 'This package does not restrict rules by client; use conditions.'],
  ['projects', 'This package does not restrict rules by project; use conditions.'],
  ['dlp_rules', 'This package does not scan content, so the document promises more than it would keep.'],
  ['if', 'Write it as conditions.'],
  ['filters', 'Write them as conditions.'],
  ['models', 'Write them as resource: model/<id>.'],
  ['model', 'Write it as resource: model/<id>.'],
  ['agent', 'Write it as conditions: { agent_id: ... }.'],
  ['agents', 'Write them as conditions: { agent_id: [...] }.'],
  ['agent_id', 'Write it as conditions: { agent_id: ... }.'],
]);

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function* entriesOf(value: unknown): Generator<readonly [index: number, entry: unknown]> {
  if (Array.isArray(value)) yield* value.entries();
}

function describeUnknown(
  key: string,
  known: readonly string[],
): { message: string; accepted: string; suggestion?: string } {
  const hint = HINTS.get(key);
  if (hint !== undefined) return { message: `Unknown key. ${hint}`, accepted: known.join(', ') };
  const suggestion = suggest(key, known);
  return { message: 'Unknown key.', accepted: known.join(', '), ...(suggestion !== undefined && { suggestion }) };
}

function* unknownIn(value: unknown, known: readonly string[], steps: readonly PathStep[]): Generator<PlacedProblem> {
  if (!isFields(value)) return;
  for (const key of Object.keys(value)) {
    if (!known.includes(key))
      yield placeProblem([...steps, key], { ...describeUnknown(key, known), found: `"${key}"` });
  }
}

function* reservedIn(value: unknown, steps: readonly PathStep[]): Generator<PlacedProblem> {
  if (!isFields(value)) return;
  for (const key of Object.keys(value).filter((name) => RESERVED_KEYS.has(name))) {
    yield placeProblem([...steps, key], {
      message: 'This key is reserved.',
      found: `"${key}"`,
      accepted: 'the name of a context attribute',
    });
  }
}

// To the schema library a list is an object with the keys 0, 1, ...: no context has them, so a denial
// with such conditions would never match.
function* listFor(value: unknown, steps: readonly PathStep[]): Generator<PlacedProblem> {
  if (!Array.isArray(value)) return;
  yield placeProblem(steps, { message: 'Wrong type.', found: describeFound(value), accepted: 'an object' });
}

/** Every key of one rule that has no meaning. */
function* unknownRuleKeyProblems(rule: unknown, steps: readonly PathStep[] = []): Generator<PlacedProblem> {
  yield* unknownIn(rule, RULE_KEYS, steps);
  if (!isFields(rule)) return;
  for (const key of ['conditions', 'when']) yield* reservedIn(rule[key], [...steps, key]);
  for (const key of ['conditions', 'when', 'reason_localized']) yield* listFor(rule[key], [...steps, key]);
}

function* inPolicy(policy: unknown, steps: readonly PathStep[]): Generator<PlacedProblem> {
  yield* unknownIn(policy, POLICY_KEYS, steps);
  if (!isFields(policy)) return;
  yield* unknownIn(policy['settings'], SETTINGS_KEYS, [...steps, 'settings']);
  for (const [index, rule] of entriesOf(policy['rules']))
    yield* unknownRuleKeyProblems(rule, [...steps, 'rules', index]);
}

/**
 * Every key of a document that has no meaning, each with the one that was probably meant.
 *
 * A pass of its own, because the schema library names only the first unknown key of an object, and a
 * misspelt `conditions` must never turn a conditional allow into an unconditional one.
 */
export function* unknownKeyProblems(document: unknown): Generator<PlacedProblem> {
  const isSet = isFields(document) && 'policies' in document;
  if (isSet) yield* unknownIn(document, POLICY_SET_KEYS, []);
  const policies = isSet ? document['policies'] : document;
  const steps: readonly PathStep[] = isSet ? ['policies'] : [];
  if (!Array.isArray(policies)) yield* inPolicy(policies, steps);
  for (const [index, policy] of entriesOf(policies)) yield* inPolicy(policy, [...steps, index]);
}
