import type { Json, JsonObject } from './json-payload.ts';
import { isJsonObject } from './json-payload.ts';

/**
 * One part of a rule as the server wrote it. With a `doubt` the part cannot be evaluated, or it is
 * unclear what it means; `value` is then the widest reading, which only a deny rule may use.
 */
export interface RulePart<T> {
  readonly value: T;
  readonly doubt?: string;
}

/** Who the rules are read for. */
export interface RuleReader {
  /** The project the bundle belongs to. */
  readonly projectId: string | null;
  /** The name of this client, which rules may be restricted to; undefined: cannot be evaluated. */
  readonly clientName: string | undefined;
}

/** Whether a key is there: servers write null for what is absent. */
export function isPresent(value: Json | undefined): value is Exclude<Json, null> {
  return value !== undefined && value !== null;
}

function textsOf(value: Json): readonly string[] | undefined {
  const list: readonly Json[] = Array.isArray(value) ? value : [value];
  const texts = list.filter((text) => typeof text === 'string');
  return texts.length === list.length && texts.length > 0 ? texts : undefined;
}

function isSameSet(left: readonly string[], right: readonly string[]): boolean {
  return left.every((text) => right.includes(text)) && right.every((text) => left.includes(text));
}

function readForms(forms: readonly Json[], what: string): RulePart<readonly string[] | undefined> {
  const lists = forms.map(textsOf);
  const known = lists.filter((list) => list !== undefined);
  const [first] = known;
  if (known.length < lists.length) return { value: undefined, doubt: `its ${what} are not a list of patterns` };
  if (first === undefined || known.every((list) => isSameSet(first, list))) return { value: first };
  return { value: known.flat(), doubt: `it names its ${what} twice, and differently` };
}

function matchOf(rule: JsonObject): JsonObject {
  const match = rule['match'];
  return isJsonObject(match) ? match : {};
}

/** Words that are effects wherever they stand: in older rules, `action` holds the effect. */
const EFFECT_WORDS: ReadonlyMap<string, 'allow' | 'deny' | 'warn'> = new Map([
  ['allow', 'allow'],
  ['deny', 'deny'],
  ['warn', 'warn'],
  // Let through and put on record: what warn does here.
  ['audit', 'warn'],
]);

function isEffectWord(value: Json | undefined): value is string {
  return typeof value === 'string' && EFFECT_WORDS.has(value);
}

/** The effect of a rule. What is not recognised, and what is said twice differently, denies. */
export function readEffect(rule: JsonObject): RulePart<'allow' | 'deny' | 'warn'> {
  const words = [rule['effect'], isEffectWord(rule['action']) ? rule['action'] : undefined].filter(isPresent);
  const [word] = words;
  const effect = typeof word === 'string' ? EFFECT_WORDS.get(word) : undefined;
  if (effect === undefined) return { value: 'deny', doubt: 'its effect is not recognised' };
  if (words.some((other) => other !== word)) return { value: 'deny', doubt: 'it names two effects' };
  return { value: effect };
}

/** What a rule applies to. One that names no action denies everything and allows nothing. */
export function readActions(rule: JsonObject): RulePart<readonly string[]> {
  const match = matchOf(rule);
  const action = isEffectWord(rule['action']) ? undefined : rule['action'];
  const forms = [rule['actions'], rule['tool'], rule['pattern'], action, match['tool'], match['action']];
  const { value, doubt } = readForms(forms.filter(isPresent), 'actions');
  if (doubt !== undefined) return { value: value ?? ['*'], doubt };
  return value === undefined ? { value: ['*'], doubt: 'it names no action' } : { value };
}

/** The resources of a rule; undefined: any. */
export function readResources(rule: JsonObject): RulePart<readonly string[] | undefined> {
  const match = matchOf(rule);
  const forms = [rule['resources'], rule['resource'], match['resources'], match['resource']];
  return readForms(forms.filter(isPresent), 'resources');
}

type ConditionValue = string | number | boolean | readonly string[];

function readConditionValue(value: Json | undefined): ConditionValue | undefined {
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value;
  return Array.isArray(value) ? textsOf(value) : undefined;
}

/** The conditions of a rule; all must hold. One of a kind that cannot be evaluated is left out, with a doubt. */
export function readConditions(rule: JsonObject): RulePart<Readonly<Record<string, ConditionValue>>> {
  const value = Object.create(null) as Record<string, ConditionValue>;
  const doubts: string[] = [];
  for (const conditions of [rule['conditions'], rule['when']].filter(isPresent)) {
    if (!isJsonObject(conditions)) doubts.push('its conditions are not an object');
    else collectConditions(conditions, value, doubts);
  }
  return doubts.length === 0 ? { value } : { value, doubt: doubts.join(', ') };
}

function collectConditions(from: JsonObject, into: Record<string, ConditionValue>, doubts: string[]): void {
  for (const [key, wanted] of Object.entries(from)) {
    const readable = readConditionValue(wanted);
    const isClash = key in into && JSON.stringify(into[key]) !== JSON.stringify(readable);
    if (readable === undefined) doubts.push('one of its conditions is of a kind this package does not evaluate');
    else if (isClash) doubts.push('it has two conditions for one attribute');
    else into[key] = readable;
    // The widest reading of a clash asks for neither.
    if (isClash) delete into[key];
  }
}

/** Whether a rule is switched on. */
export function readEnabled(rule: JsonObject): RulePart<boolean> {
  const flags = [rule['enabled'], rule['is_enabled']].filter(isPresent);
  if (flags.some((flag) => typeof flag !== 'boolean'))
    return { value: true, doubt: 'its enabled flag is not a boolean' };
  return { value: !flags.includes(false) };
}

/** Whether a rule is for this client. An empty list restricts nothing. */
export function readClients(rule: JsonObject, { clientName }: RuleReader): RulePart<boolean> {
  if (!isPresent(rule['clients']) || isEmptyList(rule['clients'])) return { value: true };
  const clients = textsOf(rule['clients']);
  if (clients?.includes('*')) return { value: true };
  if (!clients || clientName === undefined || clients.some(isPattern))
    return { value: true, doubt: 'it is restricted to clients' };
  return { value: clients.includes(clientName) };
}

/** Whether a rule is for this project: beyond its id nothing is known of the project, so other names are a doubt. */
export function readProjects(rule: JsonObject, { projectId }: RuleReader): RulePart<boolean> {
  if (!isPresent(rule['projects']) || isEmptyList(rule['projects'])) return { value: true };
  const projects = textsOf(rule['projects']) ?? [];
  const isOurs = projects.includes('*') || (projectId !== null && projects.includes(projectId));
  return isOurs ? { value: true } : { value: true, doubt: 'it is restricted to projects' };
}

function isEmptyList(value: Json): boolean {
  return Array.isArray(value) && value.length === 0;
}

function isPattern(text: string): boolean {
  return /[*?[\]{}\\]/u.test(text);
}

const KNOWN: ReadonlySet<string> = new Set(
  [
    'id name description comment effect action actions tool pattern match resource resources conditions when',
    'enabled is_enabled clients projects reason reason_code reason_localized escalate_on_deny',
    'created_at updated_at created_by updated_by',
  ].flatMap((line) => line.split(' ')),
);
const KNOWN_IN_MATCH: ReadonlySet<string> = new Set(['tool', 'action', 'resource', 'resources']);

function unknownIn(object: JsonObject, known: ReadonlySet<string>): readonly string[] {
  return Object.keys(object).filter((key) => !known.has(key) && isPresent(object[key]));
}

/** The keys of a rule that this package does not know. Any of them may restrict it. */
export function unknownKeys(rule: JsonObject): readonly string[] {
  const match = rule['match'] ?? {};
  const inMatch = isJsonObject(match) ? unknownIn(match, KNOWN_IN_MATCH).map((key) => `match.${key}`) : ['match'];
  return [...unknownIn(rule, KNOWN), ...inMatch];
}
