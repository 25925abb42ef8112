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

type Fields = Record<string, unknown>;

const OWN_NAMESPACE = 'controlzero';
const UNREADABLE = 'The provider options name a model by something that is not an id.';
// Fields by which a server or a gateway chooses a model, without regard to case.
const NAMING = /^(?:models?|fallbacks|extra[_-]?body)$/iu;
const BODY = /^extra/iu;
const ONE = /^model$/iu;
const NONE: readonly string[] = [];

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

// Whoever still holds a list or object could change it while the decision is awaited.
function snapshot(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(snapshot);
  return isFields(value) ? { ...value } : value;
}

/** The models that one field names; undefined stands for one that cannot be told. */
function idsIn(key: string, value: unknown): readonly unknown[] {
  if (value === undefined || value === null) return NONE;
  if (ONE.test(key)) return [value];
  // Providers merge it into the body of the request.
  if (BODY.test(key))
    return isFields(value) && !Object.keys(value).some((name) => NAMING.test(name)) ? NONE : [undefined];
  if (!Array.isArray(value)) return [undefined];
  return value.map((entry: unknown) => (isFields(entry) ? entry['model'] : entry));
}

// Fills in the models that it names.
function copyNamespace(namespace: Fields, ids: unknown[]): Fields {
  const copy = { ...namespace };
  for (const key of Object.keys(copy)) {
    if (!NAMING.test(key)) continue;
    copy[key] = snapshot(copy[key]);
    ids.push(...idsIn(key, copy[key]));
  }
  return copy;
}

function claimIn(claim: unknown): Context | undefined {
  if (!isFields(claim)) return undefined;
  const own = (name: string): unknown => (Object.hasOwn(claim, name) ? claim[name] : undefined);
  const [agent, context] = [own('agentId'), own('context')];
  const { agent_id: _, ...attributes } = isFields(context) ? context : {};
  return { ...attributes, ...(typeof agent === 'string' && agent !== '' && { agent_id: agent }) };
}

/**
 * Reads the options of a call once: the agent it claims, the models it names besides that of the model
 * itself, and the copy that may go on. What the caller holds stays as it is.
 */
export function readParams(given: unknown): ReadParams {
  const params: Fields = { ...(given as Fields) };
  const { providerOptions } = params;
  if (!isFields(providerOptions)) return { params, claimed: undefined, others: NONE };
  const options = { ...providerOptions };
  const claim = Object.hasOwn(options, OWN_NAMESPACE) ? options[OWN_NAMESPACE] : undefined;
  Reflect.deleteProperty(options, OWN_NAMESPACE);
  const names = Object.keys(options);
  const ids: unknown[] = [];
  for (const name of names) {
    const namespace = options[name];
    if (isFields(namespace)) options[name] = copyNamespace(namespace, ids);
  }
  params['providerOptions'] = names.length === 0 ? undefined : options;
  const others = ids.filter((id) => typeof id === 'string');
  return { params, claimed: claimIn(claim), others, ...(others.length < ids.length && { fault: UNREADABLE }) };
}
