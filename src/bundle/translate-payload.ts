import { BundleRefusedError } from '../errors.ts';
import { printable } from '../policy/printable.ts';
import type { Effect, Policy, Rule } from '../policy/types.ts';
import type { BundleIntegrity } from './bundle-metadata.ts';
import type { Json, JsonObject } from './json-payload.ts';
import { isJsonObject } from './json-payload.ts';
import type { RuleReader } from './rule-parts.ts';
import { isPresent } from './rule-parts.ts';
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

/** A payload brought to the form of the package. */
export interface TranslatedPayload {
  /** What decides. */
  readonly policies: readonly Policy[];
  /** The same with the rules that were taken out of force, so that they are checked all the same. */
  readonly allPolicies: readonly Policy[];
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

interface TranslatedPolicy {
  readonly all: Policy;
  readonly kept: Policy;
  readonly notes: readonly BundleNote[];
}

function noteOf(policy: string | null, rule: Rule, doubts: readonly string[]): BundleNote {
  const effect = rule.effect === 'deny' ? 'denies more than it says' : 'is out of force';
  return { policy, rule: rule.id ?? null, message: `The rule ${effect}: ${doubts.join('; ')}.` };
}

function objectsIn(value: Json | undefined, what: string): readonly JsonObject[] {
  const list: readonly Json[] = Array.isArray(value) ? value : refuse(`There is no list of ${what}.`);
  const objects = list.filter(isJsonObject);
  return objects.length === list.length ? objects : refuse(`One of the ${what} is not an object.`);
}

function rulesOf(policy: JsonObject): readonly JsonObject[] {
  return objectsIn(policy['rules'], 'rules of a policy');
}

function headOf(policy: JsonObject, name: string): Omit<Policy, 'rules'> {
  const { priority, default_action: given } = policy;
  return {
    ...dialectOf(policy),
    name,
    // The parser refuses what is no number.
    ...(isPresent(priority) && { priority: priority as number }),
    ...(isPresent(given) && { default_action: readDefault(given) ?? 'deny' }),
  };
}

function translatePolicy(policy: JsonObject, index: number, reader: RuleReader): TranslatedPolicy {
  const head = headOf(policy, nameOf(policy, index));
  const doubt = policyDoubt(policy) ?? [];
  const rules = rulesOf(policy)
    .map((wire, at) => translateRule(wire, at, reader))
    .filter((rule) => rule !== undefined)
    .map(({ rule, doubts }) => ({ rule, doubts: doubts.concat(doubt) }));
  const kept = rules.filter(({ rule, doubts }) => rule.effect === 'deny' || doubts.length === 0);
  const doubtful = rules.filter(({ doubts }) => doubts.length > 0);
  return {
    all: { ...head, rules: rules.map(({ rule }) => rule) },
    kept: { ...head, rules: kept.map(({ rule }) => rule) },
    notes: doubtful.map(({ rule, doubts }) => noteOf(head.name ?? null, rule, doubts)),
  };
}

function checkSchemaVersion({ schema_version: version }: JsonObject): void {
  if (!isPresent(version) || (typeof version === 'string' && /^1(?:\.\d+)?$/u.test(version))) return;
  throw new BundleRefusedError('unsupported', 'The payload has a schema version this package does not read.');
}

// The effect for everything that no rule decides. A project without policies denies, unless a bundle
// that cannot be replayed says otherwise: else an old empty bundle would switch enforcement off.
function fallback(payload: JsonObject, isEmpty: boolean, integrity: BundleIntegrity): readonly Policy[] {
  const key = isEmpty ? 'default_on_empty' : 'default_action';
  const effect = isEmpty && integrity === 'legacy' ? undefined : readDefault(payload[key]);
  return effect === undefined ? [] : [{ version: '1', name: key, default_action: effect, rules: [] }];
}

function bundleNotes(payload: JsonObject): readonly BundleNote[] {
  const rules = payload['dlp_rules'];
  const isNamed = isPresent(rules) && !(Array.isArray(rules) && rules.length === 0);
  const message = 'The bundle has rules for content (dlp_rules); this package does not look at content.';
  return isNamed ? [{ policy: null, rule: null, message }] : [];
}

/**
 * Brings the payload of a bundle to a policy document of this package: the policies that are enabled,
 * with every restriction of every rule.
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
  const translated = enabled.map(([index, policy]) => translatePolicy(policy, index, options));
  const defaults = fallback(payload, listed.length === 0, options.integrity);
  return {
    policies: [...translated.map(({ kept }) => kept), ...defaults],
    allPolicies: [...translated.map(({ all }) => all), ...defaults],
    notes: [...translated.flatMap(({ notes }) => notes), ...bundleNotes(payload)],
    listed: listed.length,
    enabled: enabled.length,
  };
}
