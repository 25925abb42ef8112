import type { Context } from './policy/types.ts';

/** How the calls of one client or model are governed. Every adapter takes these. */
export interface GovernanceOptions {
  /** The agent of every call. Nothing a caller passes can override it. */
  readonly agentId?: string;
  /** Further attributes for the conditions of the policy. */
  readonly context?: Context;
  /**
   * Models to use instead of a denied one: the first that the policy allows serves the call, and the
   * decision event says so. When none is allowed, the original denial is thrown. For Azure these are
   * deployments.
   */
  readonly fallback?: readonly string[];
  /**
   * The model behind an id that says nothing, such as an Azure deployment: `{ 'prod-eu-1': 'gpt-4' }`.
   * Allow rules then see the model, deny rules both names.
   */
  readonly modelAliases?: Readonly<Record<string, string>>;
}

/** What is checked before anything is governed. */
export interface GovernanceCheck {
  /** The function that an application calls, for messages: `wrapOpenAI()`. */
  readonly owner: string;
  readonly cz: unknown;
  readonly options: GovernanceOptions;
  /** Options of the adapter itself. */
  readonly ownOptions: readonly string[];
}

const OPTIONS: readonly string[] = ['agentId', 'context', 'fallback', 'modelAliases'];

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;
const isText = (value: unknown): boolean => typeof value === 'string' && value !== '';

function checkNames({ owner, options, ownOptions }: GovernanceCheck): void {
  const known = [...OPTIONS, ...ownOptions];
  for (const name of Object.keys(options)) {
    if (!known.includes(name))
      throw new TypeError(`${owner} has no option "${name}". Options are ${known.join(', ')}.`);
  }
}

/** @throws {TypeError} when something would be governed by anything but what its user means */
export function checkGovernanceOptions(check: GovernanceCheck): void {
  const { owner, cz, options } = check;
  const require = (isFulfilled: boolean, what: string): void => {
    if (!isFulfilled) throw new TypeError(`${owner} takes ${what}.`);
  };
  require(isObject(cz) &&
    typeof Reflect.get(cz, 'enforceFirstNow') ===
      'function', 'a ControlZero as its second argument: await init() gives one');
  require(isObject(options), 'an object as options');
  checkNames(check);
  const { agentId, context = {}, fallback = [], modelAliases = {} } = options;
  require(agentId === undefined || isText(agentId), 'a text that is not empty as agentId');
  require(isObject(context), 'an object as context');
  require(Array.isArray(fallback), 'a list of model ids as fallback');
  require(fallback.every(isText), 'a text that is not empty as an entry of fallback');
  require(isObject(modelAliases), 'an object as modelAliases');
  require(Object.values(modelAliases).every(isText), 'a text that is not empty as a value of modelAliases');
}
