import type { Json, JsonObject } from './json-payload.ts';
import { isJsonObject } from './json-payload.ts';

/**
 * What was not understood of a rule, each as half a sentence without text of the rule but its keys. The
 * readers of parts add to it, and what they give back is then the widest reading, which only a deny rule
 * may use.
 */
export type Doubts = string[];

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

function isText(value: Json): value is string {
  return typeof value === 'string';
}

function textsOf(value: Json | undefined): readonly string[] | undefined {
  if (typeof value === 'string') return [value];
  if (!Array.isArray(value) || value.length === 0) return undefined;
  const list: readonly Json[] = value;
  return list.every(isText) ? list : undefined;
}

function isSameSet(left: readonly string[], right: readonly string[]): boolean {
  return left.every((text) => right.includes(text)) && right.every((text) => left.includes(text));
}

function readForms(forms: readonly (Json | undefined)[], what: string, doubts: Doubts): readonly string[] | undefined {
  const present = forms.filter(isPresent);
  const lists = present.map(textsOf);
  const known = lists.filter((list) => list !== undefined);
  if (known.length < lists.length) {
    doubts.push(`its ${what} are not a list of patterns`);
    return undefined;
  }
  const [first, ...others] = known;
  if (first === undefined || others.every((list) => isSameSet(first, list))) return first;
  doubts.push(`it names its ${what} twice, and differently`);
  return known.flat();
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
export function readEffect({ effect: given, action }: JsonObject, doubts: Doubts): 'allow' | 'deny' | 'warn' {
  const other = isEffectWord(action) ? action : undefined;
  const word = given ?? other;
  const effect = typeof word === 'string' ? EFFECT_WORDS.get(word) : undefined;
  const isClear = effect !== undefined && (other === undefined || other === word);
  if (!isClear) doubts.push(effect === undefined ? 'its effect is not recognised' : 'it names two effects');
  return isClear ? effect : 'deny';
}

const NO_MATCH: JsonObject = Object.create(null) as JsonObject;

function matchOf({ match }: JsonObject): JsonObject {
  return isJsonObject(match) ? match : NO_MATCH;
}

// Servers of today write lists, and nothing else beside them.
function isOfToday({ tool, pattern, action, match, resource }: JsonObject): boolean {
  return !(isPresent(tool) || isPresent(pattern) || isPresent(action) || isPresent(match) || isPresent(resource));
}

const ANY: readonly string[] = ['*'];

/** What a rule applies to. One that names no action denies everything and allows nothing. */
export function readActions(rule: JsonObject, doubts: Doubts): readonly string[] {
  const { actions, tool, pattern, action: given } = rule;
  const only = isOfToday(rule) ? textsOf(actions) : undefined;
  if (only) return only;
  const match = matchOf(rule);
  const action = isEffectWord(given) ? undefined : given;
  const before = doubts.length;
  const read = readForms([actions, tool, pattern, action, match['tool'], match['action']], 'actions', doubts);
  if (read === undefined && doubts.length === before) doubts.push('it names no action');
  return read ?? ANY;
}

/** The resources of a rule; undefined: any. */
export function readResources(rule: JsonObject, doubts: Doubts): readonly string[] | undefined {
  const { resources, resource } = rule;
  const only = isOfToday(rule) ? textsOf(resources) : undefined;
  if (only) return only;
  const match = matchOf(rule);
  return readForms([resources, resource, match['resources'], match['resource']], 'resources', doubts);
}

type ConditionValue = string | number | boolean | readonly string[];
type Conditions = Readonly<Record<string, ConditionValue>>;

function readConditionValue(value: Json | undefined): ConditionValue | undefined {
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value;
  return Array.isArray(value) ? textsOf(value) : undefined;
}

/**
 * The conditions of a rule; all must hold. One of a kind that cannot be evaluated is left out, with a
 * doubt.
 *
 * @returns undefined: it asks for nothing
 */
export function readConditions({ conditions, when }: JsonObject, doubts: Doubts): Conditions | undefined {
  if (!isPresent(conditions) && !isPresent(when)) return undefined;
  const read: Record<string, ConditionValue> = Object.create(null) as Record<string, ConditionValue>;
  const own: Doubts = [];
  for (const form of [conditions, when].filter(isPresent)) {
    if (isJsonObject(form)) collectConditions(form, read, own);
    else own.push('its conditions are not an object');
  }
  if (own.length > 0) doubts.push(own.join(', '));
  return Object.keys(read).length > 0 ? read : undefined;
}

function collectConditions(from: JsonObject, into: Record<string, ConditionValue>, doubts: Doubts): void {
  for (const key of Object.keys(from)) {
    const readable = readConditionValue(from[key]);
    const isClash = key in into && JSON.stringify(into[key]) !== JSON.stringify(readable);
    if (readable === undefined) doubts.push('one of its conditions is of a kind this package does not evaluate');
    else if (isClash) doubts.push('it has two conditions for one attribute');
    else into[key] = readable;
    // The widest reading of a clash asks for neither.
    if (isClash) delete into[key];
  }
}

function isFlag(value: Json | undefined): boolean {
  return !isPresent(value) || typeof value === 'boolean';
}

/** Whether a rule is switched on. */
export function readEnabled({ enabled, is_enabled: isEnabled }: JsonObject, doubts: Doubts): boolean {
  if (isFlag(enabled) && isFlag(isEnabled)) return enabled !== false && isEnabled !== false;
  doubts.push('its enabled flag is not a boolean');
  return true;
}

function restrictsNothing(value: Json | undefined): boolean {
  return !isPresent(value) || (Array.isArray(value) && value.length === 0);
}

function isPattern(text: string): boolean {
  return /[*?[\]{}\\]/u.test(text);
}

/** Whether a rule is for this client. An empty list restricts nothing. */
export function readClients({ clients: given }: JsonObject, { clientName }: RuleReader, doubts: Doubts): boolean {
  if (restrictsNothing(given)) return true;
  const clients = textsOf(given);
  if (clients?.includes('*')) return true;
  if (clients && clientName !== undefined && !clients.some(isPattern)) return clients.includes(clientName);
  doubts.push('it is restricted to clients');
  return true;
}

/** Looks whether a rule is for this project: beyond its id nothing is known of the project, so other names are a doubt. */
export function readProjects({ projects: given }: JsonObject, { projectId }: RuleReader, doubts: Doubts): void {
  if (restrictsNothing(given)) return;
  const projects = textsOf(given) ?? [];
  const isOurs = projects.includes('*') || (projectId !== null && projects.includes(projectId));
  if (!isOurs) doubts.push('it is restricted to projects');
}

const KNOWN: ReadonlySet<string> = new Set(
  [
    'id name description comment effect action actions tool pattern match resource resources conditions when',
    'enabled is_enabled clients projects reason reason_code reason_localized escalate_on_deny',
    'created_at updated_at created_by updated_by',
  ].flatMap((line) => line.split(' ')),
);
const KNOWN_IN_MATCH: ReadonlySet<string> = new Set(['tool', 'action', 'resource', 'resources']);

/** Calls with each key of a rule that this package does not know. Any of them may restrict the rule. */
export function visitUnknownKeys(rule: JsonObject, visit: (key: string) => void): void {
  for (const key of Object.keys(rule)) if (!KNOWN.has(key) && isPresent(rule[key])) visit(key);
  const { match } = rule;
  if (!isPresent(match)) return;
  if (!isJsonObject(match)) return visit('match');
  for (const key of Object.keys(match)) if (!KNOWN_IN_MATCH.has(key) && isPresent(match[key])) visit(`match.${key}`);
}
