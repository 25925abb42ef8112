import { BundleRefusedError } from '../errors.ts';
import type { PolicyHead } from '../policy/parsed-policy.ts';
import { printable } from '../policy/printable.ts';
import type { Effect, Policy } from '../policy/types.ts';
import type { BundleIntegrity } from './bundle-metadata.ts';
import type { Json, JsonObject } from './json-payload.ts';
import { isJsonObject } from './json-payload.ts';
import type { RuleReader } from './rule-parts.ts';
import { isPresent } from './rule-parts.ts';
import type { TranslatedRule } from './translate-rule.ts';
import { translateRule } from './translate-rule.ts';

/** A part of a bundle that is not enforced as it was written. Log it: somebody meant something by it. */
export interface BundleNote {
  /** Name of the policy, or null for the bundle itself. */
  readonly policy: string | null;
  /** Id of the rule, or null. */
  readonly rule: string | null;
  /** One sentence, without text of the rule but its keys. */
  readonly message: string;
}

/** One policy, brought to the form of the package. */
export interface TranslatedPolicy {
  readonly head: PolicyHead;
  /** Its rules, translated one by one as they are asked for. Those that are switched off are left out. */
  readonly rules: () => Iterable<TranslatedRule>;
}

/** A payload brought to the form of the package. */
export interface TranslatedPayload {
  /** The policies that are enabled, and what decides where no rule does. */
  readonly policies: readonly TranslatedPolicy[];
  /** What is not enforced, beside rules. */
  readonly notes: readonly BundleNote[];
  /** How many policies the payload lists, and how many of them are enabled. */
  readonly listed: number;
  readonly enabled: number;
}

/** Who a payload is translated for. */
export interface TranslateOptions extends RuleReader {
  readonly integrity: BundleIntegrity;
}

const MAX_RULES = 10_000;

const POLICY_KEYS: ReadonlySet<string> = new Set(
  [
    'id name description comment is_enabled enabled priority rules default_action dialect',
    'version created_at updated_at created_by updated_by org_id project_id',
  ].flatMap((line) => line.split(' ')),
);

function refuse(message: string): never {
  throw new BundleRefusedError('invalid_data', message);
}

function readDefault(value: Json | undefined): Effect | undefined {
  if (!isPresent(value)) return undefined;
  if (value === 'allow' || value === 'warn') return value;
  return value === 'audit' || value === 'observe' ? 'warn' : 'deny';
}

function isEnabled(policy: JsonObject): boolean {
  const flags = [policy['is_enabled'], policy['enabled']].filter(isPresent);
  if (flags.some((flag) => typeof flag !== 'boolean')) refuse('The enabled flag of a policy is not a boolean.');
  return !flags.includes(false);
}

function nameOf(policy: JsonObject, index: number): string {
  const name = [policy['name'], policy['id']].find((text) => typeof text === 'string' && text !== '');
  return typeof name === 'string' ? name : `policy-${index}`;
}

function policyDoubt(policy: JsonObject): string | undefined {
  const key = Object.keys(policy).find((one) => !POLICY_KEYS.has(one) && isPresent(policy[one]));
  return key === undefined ? undefined : `the key "${printable(key)}" of its policy is not known`;
}

// "exact": an action without a separator means itself, not every method of a tool.
function dialectOf(policy: JsonObject): Pick<Policy, 'version'> {
  const dialect = policy['dialect'];
  if (!isPresent(dialect)) return { version: '1' };
  if (dialect === 'exact') return {};
  throw new BundleRefusedError('unsupported', 'A policy is written in a dialect this package does not know.');
}

function objectsIn(value: Json | undefined, what: string): readonly JsonObject[] {
  const list: readonly Json[] = Array.isArray(value) ? value : refuse(`There is no list of ${what}.`);
  const objects = list.filter(isJsonObject);
  return objects.length === list.length ? objects : refuse(`One of the ${what} is not an object.`);
}

function rulesOf(policy: JsonObject): readonly JsonObject[] {
  return objectsIn(policy['rules'], 'rules of a policy');
}

function headOf(policy: JsonObject, name: string): PolicyHead {
  const { priority, default_action: given } = policy;
  return {
    ...dialectOf(policy),
    name,
    // The parser refuses what is no number.
    ...(isPresent(priority) && { priority: priority as number }),
    ...(isPresent(given) && { default_action: readDefault(given) ?? 'deny' }),
  };
}

function* translateRules(policy: JsonObject, reader: RuleReader): Generator<TranslatedRule> {
  const doubt = policyDoubt(policy);
  let index = 0;
  for (const wire of rulesOf(policy)) {
    const translated = translateRule(wire, index, reader);
    index += 1;
    if (translated && doubt !== undefined) translated.doubts.push(doubt);
    if (translated) yield translated;
  }
}

function translatePolicy(policy: JsonObject, index: number, reader: RuleReader): TranslatedPolicy {
  return { head: headOf(policy, nameOf(policy, index)), rules: () => translateRules(policy, reader) };
}

/** Whether a rule is in force. One that denies always is, even where it is not understood. */
export function isInForce({ rule, doubts }: TranslatedRule): boolean {
  return doubts.length === 0 || rule.effect === 'deny';
}

/** What there is to say about a rule that was not understood. */
export function noteOn(policy: PolicyHead, { rule, doubts }: TranslatedRule): BundleNote {
  const effect = rule.effect === 'deny' ? 'denies more than it says' : 'is out of force';
  const message = `The rule ${effect}: ${doubts.join('; ')}.`;
  return { policy: policy.name ?? null, rule: rule.id ?? null, message };
}

function checkSchemaVersion({ schema_version: version }: JsonObject): void {
  if (!isPresent(version) || (typeof version === 'string' && /^1(?:\.\d+)?$/u.test(version))) return;
  throw new BundleRefusedError('unsupported', 'The payload has a schema version this package does not read.');
}

// The effect for everything that no rule decides. A project without policies denies, unless a bundle
// that cannot be replayed says otherwise: else an old empty bundle would switch enforcement off.
function fallback(payload: JsonObject, isEmpty: boolean, integrity: BundleIntegrity): readonly TranslatedPolicy[] {
  const key = isEmpty ? 'default_on_empty' : 'default_action';
  const effect = isEmpty && integrity === 'legacy' ? undefined : readDefault(payload[key]);
  if (effect === undefined) return [];
  return [{ head: { version: '1', name: key, default_action: effect }, rules: () => [] }];
}

function bundleNotes(payload: JsonObject): readonly BundleNote[] {
  const rules = payload['dlp_rules'];
  const isNamed = isPresent(rules) && !(Array.isArray(rules) && rules.length === 0);
  const message = 'The bundle has rules for content (dlp_rules); this package does not look at content.';
  return isNamed ? [{ policy: null, rule: null, message }] : [];
}

/**
 * Brings the payload of a bundle to policies of this package: those that are enabled, with every
 * restriction of every rule.
 *
 * @throws {BundleRefusedError} `invalid_data`, `too_large` or `unsupported`
 */
export function translatePayload(payload: JsonObject, options: TranslateOptions): TranslatedPayload {
  checkSchemaVersion(payload);
  const listed = objectsIn(payload['policies'], 'policies');
  const rules = listed.reduce((sum, policy) => sum + rulesOf(policy).length, 0);
  if (rules > MAX_RULES)
    throw new BundleRefusedError('too_large', `The bundle has ${rules} rules; at most ${MAX_RULES} are read.`);
  const enabled = [...listed.entries()].filter(([, policy]) => isEnabled(policy));
  const policies = enabled.map(([index, policy]) => translatePolicy(policy, index, options));
  return {
    policies: [...policies, ...fallback(payload, listed.length === 0, options.integrity)],
    notes: bundleNotes(payload),
    listed: listed.length,
    enabled: enabled.length,
  };
}
