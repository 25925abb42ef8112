import type { Context } from '../../src/index.ts';

/** Options of one call of a model, read once. */
export interface ReadParams {
  /** What the model gets: a copy without what is meant for Control Zero, which nobody else can change. */
  readonly params: object;
  /** What the call says about itself. */
  readonly claimed: Context | undefined;
  /** Further models that the options of a provider name. */
  readonly others: readonly string[];
  /** Why it cannot be told what they name. */
  readonly fault?: string;
}

type Fields = Readonly<Record<string, unknown>>;

const OWN_NAMESPACE = 'controlzero';
const UNREADABLE = 'The provider options name a model by something that is not an id.';

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

// Servers differ in how they write the names of fields. By way of the upper case, the long s is an s as well.
function plainKey(key: string): string {
  return key.replaceAll(/[_-]/gu, '').toUpperCase();
}

const BODY = 'EXTRABODY';
const LISTS: ReadonlySet<string> = new Set(['MODELS', 'FALLBACKS']);

function namesModel(key: string): boolean {
  const plain = plainKey(key);
  return plain === 'MODEL' || LISTS.has(plain) || plain === BODY;
}

// Whoever still holds a list or object could change it while the decision is awaited.
function snapshot(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(snapshot);
  return isFields(value) ? { ...value } : value;
}

/** The models that one field names; undefined where that cannot be told. */
function idsIn(key: string, value: unknown): readonly unknown[] | undefined {
  if (value === undefined || value === null) return [];
  const plain = plainKey(key);
  if (plain === 'MODEL') return [value];
  if (LISTS.has(plain))
    return Array.isArray(value) ? value.map((entry: unknown) => (isFields(entry) ? entry['model'] : entry)) : undefined;
  // Providers merge it into the body, at any depth of their own.
  return isFields(value) && !Object.keys(value).some(namesModel) ? [] : undefined;
}

interface ReadNamespace {
  readonly fields: Fields;
  /** Models it names; undefined stands for one that cannot be told. */
  readonly ids: readonly unknown[];
}

function readNamespace(namespace: Fields): ReadNamespace {
  const entries = Object.entries(namespace).map(([key, value]) => [key, namesModel(key) ? snapshot(value) : value]);
  const fields = Object.fromEntries(entries) as Fields;
  const naming = Object.entries(fields).filter(([key]) => namesModel(key));
  return { fields, ids: naming.flatMap(([key, value]) => idsIn(key, value) ?? [undefined]) };
}

function claimIn(claim: unknown): Context | undefined {
  if (!isFields(claim)) return undefined;
  const own = (name: string): unknown => (Object.hasOwn(claim, name) ? claim[name] : undefined);
  const [agent, context] = [own('agentId'), own('context')];
  const { agent_id: _, ...attributes } = isFields(context) ? context : {};
  return { ...attributes, ...(typeof agent === 'string' && agent !== '' && { agent_id: agent }) };
}

interface ReadProviderOptions {
  readonly claim: unknown;
  /** The options of providers; undefined when there are none. */
  readonly rest: Fields | undefined;
  readonly ids: readonly unknown[];
}

function readProviderOptions(given: Fields): ReadProviderOptions {
  const ids: unknown[] = [];
  const rest: [string, unknown][] = [];
  let claim: unknown;
  for (const [name, namespace] of Object.entries(given)) {
    const read = isFields(namespace) ? readNamespace(namespace) : { fields: namespace, ids: [] };
    if (name === OWN_NAMESPACE) claim = namespace;
    else {
      rest.push([name, read.fields]);
      ids.push(...read.ids);
    }
  }
  return { claim, rest: rest.length === 0 ? undefined : Object.fromEntries(rest), ids };
}

/**
 * Reads the options of a call once: the agent it claims, the models it names besides that of the model
 * itself, and the copy that may go on. What the caller holds stays as it is.
 */
export function readParams(given: unknown): ReadParams {
  const params = { ...(given as Fields) };
  const { providerOptions } = params;
  if (!isFields(providerOptions)) return { params, claimed: undefined, others: [] };
  const { claim, rest, ids } = readProviderOptions(providerOptions);
  const others = ids.filter((id) => typeof id === 'string');
  return {
    params: { ...params, providerOptions: rest },
    claimed: claimIn(claim),
    others,
    ...(others.length < ids.length && { fault: UNREADABLE }),
  };
}
