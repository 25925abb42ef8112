// What a bundle means and whether it may be accepted, once more: straight from the description of the
// format, without a line of the product. It knows the patterns of the mutation test by name.
import type { NaiveHeader } from './naive-bundle.ts';
import { policiesDigest } from './naive-bundle.ts';

type Fields = Readonly<Record<string, unknown>>;

/** What the checker is told about a bundle. */
export interface NaiveCase {
  readonly header: NaiveHeader;
  readonly sealedBytes: number;
  readonly payload: unknown;
  readonly keyId: string;
  readonly isTrusted: boolean;
  readonly hasProjectKey: boolean;
}

/** What the client of the mutation test expects. */
export const EXPECTED = {
  now: 1_767_225_600,
  project: 'proj_1',
  environment: 'prod',
  audience: 'api',
  client: 'node-sdk',
  sdk: [1, 0, 0],
  mark: { epoch: 1, version: 5 },
} as const;

/** Texts that are no patterns, and texts that no name can match. */
const NO_PATTERNS = new Set(['', 'model/[', '!x']);
const NO_NAMES = new Set(['a b']);

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const own = (value: unknown, key: string): unknown =>
  isFields(value) && Object.hasOwn(value, key) && value[key] !== null ? value[key] : undefined;
const keysOf = (value: unknown): string[] =>
  isFields(value) ? Object.keys(value).filter((key) => value[key] !== null) : [];
const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;
const isTime = (value: unknown): boolean => isCount(value) && (value as number) <= 8_640_000_000_000;
const isText = (value: unknown): boolean => typeof value === 'string' && value.length > 0 && value.length <= 256;

class Refusal extends Error {}

function demand(condition: boolean, what: string): void {
  if (!condition) throw new Refusal(what);
}

function texts(value: unknown): readonly string[] | undefined {
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  return list.length > 0 && list.every((one) => typeof one === 'string') ? list : undefined;
}

function sameTexts(a: readonly string[], b: readonly string[]): boolean {
  return [...new Set(a)].toSorted().join('\n') === [...new Set(b)].toSorted().join('\n');
}

interface Reading {
  readonly doubts: string[];
}

// Several ways to say one thing: fine when they agree. In doubt, everything that any of them says.
function oneOf(forms: readonly unknown[], what: string, { doubts }: Reading): readonly string[] | undefined {
  const given = forms.filter((form) => form !== undefined);
  if (given.length === 0) return undefined;
  const lists = given.map(texts);
  if (lists.includes(undefined)) {
    doubts.push(what);
    return undefined;
  }
  const all = lists.flatMap((list) => list ?? []);
  if (!lists.every((list) => sameTexts(list ?? [], lists[0] ?? []))) doubts.push(what);
  return doubts.includes(what) ? all : lists[0];
}

const EFFECTS: Fields = { allow: 'allow', deny: 'deny', warn: 'warn', audit: 'warn' };

function effectOf(rule: unknown, { doubts }: Reading): string {
  const action = own(rule, 'action');
  const word = typeof action === 'string' && Object.hasOwn(EFFECTS, action) ? action : undefined;
  const effect = own(rule, 'effect') ?? word;
  const isKnown = typeof effect === 'string' && Object.hasOwn(EFFECTS, effect);
  if (isKnown && (word === undefined || word === effect)) return String(EFFECTS[effect]);
  doubts.push('effect');
  return 'deny';
}

const RULE_KEYS =
  'id name description comment effect action actions tool pattern match resource resources conditions when enabled is_enabled clients projects reason reason_code reason_localized escalate_on_deny created_at updated_at created_by updated_by'.split(
    ' ',
  );

function conditionsOf(rule: unknown, { doubts }: Reading): Map<string, unknown> {
  const all = new Map<string, unknown>();
  const clashes = new Set<string>();
  for (const name of ['conditions', 'when']) {
    const given = own(rule, name);
    if (given !== undefined && !isFields(given)) doubts.push(name);
    if (!isFields(given)) continue;
    for (const [key, value] of Object.entries(given)) {
      const isPlain = ['string', 'number', 'boolean'].includes(typeof value);
      const usable = isPlain || (Array.isArray(value) && texts(value) !== undefined);
      if (!usable) doubts.push(name);
      if (all.has(key) && JSON.stringify(all.get(key)) !== JSON.stringify(value)) {
        clashes.add(key);
        doubts.push('clash');
      } else if (usable) all.set(key, value);
    }
  }
  for (const key of clashes) all.delete(key);
  return all;
}

function isForUs(rule: unknown, { doubts }: Reading): boolean {
  const flags = ['enabled', 'is_enabled'].map((key) => own(rule, key)).filter((flag) => flag !== undefined);
  if (flags.some((flag) => typeof flag !== 'boolean')) doubts.push('enabled');
  else if (flags.includes(false)) return false;
  const projects = own(rule, 'projects');
  const isAny = (value: unknown): boolean =>
    value === undefined || (Array.isArray(value) && value.length === 0) || (texts(value)?.includes('*') ?? false);
  if (!isAny(projects) && !texts(projects)?.includes(EXPECTED.project)) doubts.push('projects');
  const clients = own(rule, 'clients');
  if (isAny(clients)) return true;
  const names = texts(clients);
  if (names === undefined || names.some((name) => /[*?[\]{}\\]/u.test(name))) doubts.push('clients');
  else return names.includes(EXPECTED.client);
  return true;
}

interface NaiveRule {
  readonly id: unknown;
  readonly effect: string;
  readonly actions: readonly string[];
  readonly resources: readonly string[] | undefined;
  readonly conditions: Map<string, unknown>;
  readonly isInForce: boolean;
}

function readRule(rule: unknown, index: number): NaiveRule | undefined {
  const reading: Reading = { doubts: [] };
  const effect = effectOf(rule, reading);
  const match = own(rule, 'match');
  const action = own(rule, 'action');
  const isEffect = typeof action === 'string' && Object.hasOwn(EFFECTS, action);
  const forms = [
    own(rule, 'actions'),
    own(rule, 'tool'),
    own(rule, 'pattern'),
    isEffect ? undefined : action,
    own(match, 'tool'),
    own(match, 'action'),
  ];
  const actions = oneOf(forms, 'actions', reading);
  if (actions === undefined) reading.doubts.push('actions');
  const places = [own(rule, 'resources'), own(rule, 'resource'), own(match, 'resources'), own(match, 'resource')];
  const resources = oneOf(places, 'resources', reading);
  const conditions = conditionsOf(rule, reading);
  const unknown = keysOf(rule).filter((key) => !RULE_KEYS.includes(key));
  const inMatch = keysOf(match).filter((key) => !['tool', 'action', 'resource', 'resources'].includes(key));
  const isOddMatch = match !== undefined && !isFields(match);
  if (!isForUs(rule, reading)) return undefined;
  const isClear = reading.doubts.length + unknown.length + inMatch.length === 0 && !isOddMatch;
  const named =
    [own(rule, 'id'), own(rule, 'name')].find((name) => name !== undefined && name !== '') ?? `rule-${index}`;
  return {
    id: typeof named === 'number' ? String(named) : named,
    effect,
    actions: actions ?? ['*'],
    resources,
    conditions,
    isInForce: effect === 'deny' || isClear,
  };
}

function checkRule(rule: NaiveRule, wire: unknown): void {
  for (const pattern of [...rule.actions, ...(rule.resources ?? [])])
    demand(!NO_PATTERNS.has(pattern) && !NO_NAMES.has(pattern), 'a malformed pattern');
  for (const [key, value] of rule.conditions) {
    demand(!['__proto__', 'constructor', 'prototype', ''].includes(key), 'a reserved key');
    for (const pattern of texts(value) ?? []) demand(!NO_PATTERNS.has(pattern), 'a malformed condition');
  }
  demand(typeof rule.id === 'string', 'an id that is no text');
  for (const key of ['description', 'reason', 'reason_code'])
    demand(['string', 'undefined'].includes(typeof own(wire, key)), `${key} that is no text`);
  const localized = own(wire, 'reason_localized');
  const isLocalized = isFields(localized) && Object.values(localized).every((text) => typeof text === 'string');
  demand(localized === undefined || isLocalized, 'localized reasons that are no texts');
}

const POLICY_KEYS =
  'id name description comment is_enabled enabled priority rules default_action dialect version created_at updated_at created_by updated_by org_id project_id'.split(
    ' ',
  );

const effectByDefault = (value: unknown): string => {
  if (value === 'allow' || value === 'warn') return value;
  return value === 'audit' || value === 'observe' ? 'warn' : 'deny';
};

function readPolicy(policy: unknown, index: number): object | undefined {
  const flags = ['is_enabled', 'enabled'].map((key) => own(policy, key)).filter((flag) => flag !== undefined);
  demand(
    flags.every((flag) => typeof flag === 'boolean'),
    'an odd enabled flag',
  );
  if (flags.includes(false)) return undefined;
  const dialect = own(policy, 'dialect');
  demand(dialect === undefined || dialect === 'exact', 'an unknown dialect');
  const priority = own(policy, 'priority');
  demand(priority === undefined || typeof priority === 'number', 'an odd priority');
  const isClear = keysOf(policy).every((key) => POLICY_KEYS.includes(key));
  const wires = own(policy, 'rules') as readonly unknown[];
  const rules = wires.map((wire, at) => ({ wire, rule: readRule(wire, at) }));
  for (const { wire, rule } of rules) {
    if (!rule) continue;
    checkRule(rule, wire);
    demand(dialect === undefined || rule.resources !== undefined, 'a rule without resources in the exact dialect');
  }
  const kept = rules.flatMap(({ rule }) => (rule?.isInForce && (isClear || rule.effect === 'deny') ? [rule] : []));
  const named = [own(policy, 'name'), own(policy, 'id')].find((name) => typeof name === 'string' && name !== '');
  const fallback = own(policy, 'default_action');
  return {
    ...(dialect === undefined && { version: '1' }),
    name: named ?? `policy-${index}`,
    ...(priority !== undefined && { priority }),
    ...(fallback !== undefined && { default_action: effectByDefault(fallback) }),
    rules: kept.map(({ id, effect, actions, resources = ['*'], conditions }) => ({
      id,
      effect,
      actions,
      resources,
      conditions: Object.fromEntries(conditions),
    })),
  };
}

function checkHeader({ header, sealedBytes, isTrusted, hasProjectKey }: NaiveCase): void {
  demand(header.magic === 'CZ01' && header.reserved === 0n && header.schemaVersion === 1, 'the head');
  demand(header.signatureLength === 64 && header.signatureOffset === 32 + sealedBytes, 'the layout');
  demand(isTrusted, 'the key');
  demand(hasProjectKey, 'the project key');
  demand(header.createdAt <= 8_640_000_000_000n, 'the date');
}

function checkMetadata(metadata: unknown, payload: unknown): void {
  demand(metadata === undefined || isFields(metadata), 'odd metadata');
  for (const key of [
    'project_id',
    'environment',
    'audience',
    'key_id',
    'policies_sha256',
    'min_sdk_version',
    'recommended_sdk_version',
  ])
    demand(own(metadata, key) === undefined || isText(own(metadata, key)), key);
  demand(own(payload, 'project_id') === undefined || isText(own(payload, 'project_id')), 'project_id');
  for (const key of ['bundle_epoch', 'bundle_version', 'policy_count', 'revoked_before'])
    demand(own(metadata, key) === undefined || isCount(own(metadata, key)), key);
  for (const key of ['issued_at', 'expires_at', 'refresh_after'])
    demand(own(metadata, key) === undefined || isTime(own(metadata, key)), key);
  const critical = own(metadata, 'critical');
  const names = Array.isArray(critical) && critical.length <= 64 && critical.every((name) => typeof name === 'string');
  demand(critical === undefined || names, 'critical');
  for (const name of names ? (critical as readonly string[]) : [])
    demand(
      ['conditions', 'priorities', 'expiry', 'epochs', 'warn', 'default_action'].includes(name),
      'a critical feature',
    );
}

function isNewerThanUs(version: unknown): boolean {
  if (version === undefined) return false;
  // Up to three numbers; then nothing, or what marks a version that comes before its release.
  const numbers = /^[0-9.]*[0-9]/u.exec(String(version).replace(/^[vV]/u, ''))?.[0] ?? '';
  const rest = String(version).replace(/^[vV]/u, '').slice(numbers.length);
  const parts = numbers.split('.');
  const isVersion = parts.length <= 3 && parts.every((part) => part.length > 0 && part.length <= 9);
  if (!isVersion || !/^(?:$|[-+]|\.?[a-zA-Z])/u.test(rest) || rest.includes('\n')) return true;
  for (const [at, ours] of EXPECTED.sdk.entries()) {
    const theirs = Number(parts[at] ?? 0);
    if (theirs !== ours) return theirs > ours;
  }
  // Ours, or a release candidate of ours, which comes before it.
  return false;
}

function checkOrder(metadata: unknown, { header, keyId }: NaiveCase, listed: number): void {
  const [version, epoch] = [own(metadata, 'bundle_version'), own(metadata, 'bundle_epoch')];
  const [issued, expires] = [own(metadata, 'issued_at'), own(metadata, 'expires_at')];
  // A bundle with a version was accepted before, so one without is older.
  demand(version !== undefined, 'no version');
  for (const key of ['bundle_epoch', 'issued_at', 'expires_at', 'key_id', 'policies_sha256', 'policy_count'])
    demand(own(metadata, key) !== undefined, `no ${key}`);
  demand((expires as number) > (issued as number), 'expires first');
  demand(own(metadata, 'key_id') === keyId, 'another key');
  // The key is known to sign for epoch 1.
  demand(epoch === EXPECTED.mark.epoch, 'another epoch');
  demand((version as number) >= EXPECTED.mark.version, 'rolled back');
  // The content of the version that was accepted last is none that the mutations make.
  demand(version !== EXPECTED.mark.version, 'another content');
  demand((version as number) >= Number(own(metadata, 'revoked_before') ?? 0), 'withdrawn');
  const latest = Math.max(Number(header.createdAt), issued as number);
  demand(latest <= EXPECTED.now + 300, 'of the future');
  demand(EXPECTED.now < (expires as number) + 300, 'expired');
  demand(own(metadata, 'policy_count') === listed && header.count === listed, 'counts');
  demand(own(metadata, 'environment') === EXPECTED.environment, 'the environment');
  demand(own(metadata, 'audience') === EXPECTED.audience, 'the audience');
}

function checkProject(payload: unknown, metadata: unknown): void {
  const named = [own(metadata, 'project_id'), own(payload, 'project_id')].filter((name) => name !== undefined);
  demand(named.length > 0 && named.every((name) => name === EXPECTED.project), 'the project');
}

function readCase(one: NaiveCase): object {
  const { payload } = one;
  checkHeader(one);
  demand(isFields(payload), 'no object');
  const metadata = own(payload, 'metadata');
  checkMetadata(metadata, payload);
  demand(!isNewerThanUs(own(metadata, 'min_sdk_version')), 'a newer package');
  const schema = own(payload, 'schema_version');
  demand(schema === undefined || (typeof schema === 'string' && /^1(\.\d+)?$/u.test(schema)), 'schema version');
  const policies = own(payload, 'policies');
  demand(Array.isArray(policies) && policies.every(isFields), 'odd policies');
  const list = policies as readonly Fields[];
  for (const policy of list) {
    const rules = own(policy, 'rules');
    demand(Array.isArray(rules) && rules.every(isFields), 'odd rules');
  }
  const documents = list.map(readPolicy).filter((policy) => policy !== undefined);
  const active = own(metadata, 'active_policy_count');
  demand(!isCount(active) || documents.length >= (active as number), 'fewer policies than are active');
  checkOrder(metadata, one, list.length);
  demand(own(metadata, 'policies_sha256') === policiesDigest(list), 'the digest');
  checkProject(payload, metadata);
  const fallback = own(payload, list.length === 0 ? 'default_on_empty' : 'default_action');
  const defaults = { version: '1', name: list.length === 0 ? 'default_on_empty' : 'default_action', rules: [] };
  return {
    policies: [
      ...documents,
      ...(fallback === undefined ? [] : [{ ...defaults, default_action: effectByDefault(fallback) }]),
    ],
  };
}

/** The document that a bundle means, or why it has to be refused. */
export function checkNaively(one: NaiveCase): { readonly document: object } | { readonly refusal: string } {
  try {
    return { document: readCase(one) };
  } catch (error) {
    if (error instanceof Refusal) return { refusal: error.message };
    throw error;
  }
}
