import type { NamedModels, UndeterminedModel } from '../../src/index.ts';
import { deploymentInUrl } from './deployment-in-url.ts';
import { methodOf } from './derive.ts';
import type { Fields } from './fields.ts';
import { fieldsOf } from './fields.ts';
import { faultInOptions, queriedModels } from './request-options.ts';
import { namesModels, settle } from './settle.ts';

/** What a model or an embeddings object is called with. */
export type Named = NamedModels | UndeterminedModel;

const NONE: readonly string[] = [];

/** The ids that are named; undefined when they cannot be told. */
export function namedIds(named: Named): readonly string[] | undefined {
  if ('fault' in named) return undefined;
  return named.others === undefined ? [named.model] : [named.model, ...named.others];
}

// Undefined: something else than ids stands there.
function listedModels(list: unknown): readonly string[] | undefined {
  if (list === undefined || list === null) return NONE;
  const entries: readonly unknown[] = Array.isArray(list) ? list : [list];
  const models = entries.map((entry) => (typeof entry === 'string' ? entry : fieldsOf(entry)['model']));
  return models.every((model) => typeof model === 'string') ? models : undefined;
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** Where a model sends its requests, as far as the URL says which deployment runs. */
function urlOf(part: Fields, deployment: string | undefined): string {
  const made = textOf(fieldsOf(part['client'])['baseURL']);
  if (made !== undefined) return made;
  if (deployment === undefined) return textOf(fieldsOf(part['clientConfig'])['baseURL']) ?? '';
  const basePath = textOf(part['azureOpenAIBasePath']);
  if (basePath !== undefined) return `${basePath}/${deployment}`;
  const endpoint = textOf(part['azureOpenAIEndpoint']) ?? `https://${String(part['azureOpenAIApiInstanceName'])}`;
  return `${endpoint}/openai/deployments/${deployment}`;
}

function deploymentsOfPart(part: Fields): readonly string[] | UndeterminedModel {
  const named = textOf(part['azureOpenAIApiDeploymentName']);
  const found = deploymentInUrl(urlOf(part, named));
  if (found && 'fault' in found) return found;
  if (named === undefined) return found ? [found.name] : NONE;
  return found && found.name !== named ? [named, found.name] : [named];
}

type Deployments = readonly string[] | UndeterminedModel;

function together(some: Deployments, others: Deployments): Deployments {
  if ('fault' in some || ('length' in others && others.length === 0)) return some;
  if ('fault' in others || some.length === 0) return others;
  return [...new Set([...some, ...others])];
}

/**
 * The deployment of an Azure model, which is what runs whatever its `model` says. It stands in the
 * model, or in the URL that was configured. `withConfig()` of AzureChatOpenAI gives a ChatOpenAI of which
 * only the inner models know it.
 */
function deploymentsOf(model: Fields): Deployments {
  const { completions, responses } = model;
  const own = deploymentsOfPart(model);
  if (completions === undefined && responses === undefined) return own;
  return together(together(own, deploymentsOfPart(fieldsOf(completions))), deploymentsOfPart(fieldsOf(responses)));
}

/** What is asked for, and with which options of the client and of the call. */
interface Asked {
  readonly parameters: Fields;
  readonly configured: Fields;
  readonly requested: Fields;
  /** Whether the parameters are a copy that nobody else can change. */
  readonly areSettled?: boolean;
}

// What an option of the request is in the end: the client spreads those of the call over its own.
function optionOf(name: string, { configured, requested }: Asked): unknown {
  return Object.hasOwn(requested, name) ? requested[name] : configured[name];
}

function bodyOf(asked: Asked): Fields | undefined {
  const { parameters, configured, requested, areSettled = false } = asked;
  const isReplaced = Object.hasOwn(requested, 'body') || Object.hasOwn(configured, 'body');
  if (isReplaced) return settle(optionOf('body', asked));
  return areSettled ? parameters : settle(parameters);
}

// Where gateways look besides `model`. Undefined: something else than ids stands there.
function furtherModels({ models, fallbacks }: Fields, asked: Asked): readonly string[] | undefined {
  const query = optionOf('query', asked);
  const defaultQuery = optionOf('defaultQuery', asked);
  // Nearly every call.
  if (models === undefined && fallbacks === undefined && query === undefined && defaultQuery === undefined) return NONE;
  const lists = [models, fallbacks, ...[query, defaultQuery].flatMap(queriedModels)].map(listedModels);
  return lists.every((list) => list !== undefined) ? lists.flat() : undefined;
}

function nameModels(model: unknown, others: readonly string[]): Named {
  if (typeof model !== 'string') return { fault: 'The call names no model.' };
  return others.length === 0 ? { model } : { model, others };
}

/** What the parameters of a request name. Options of the request can put another body in their place or add to the query. */
function readParameters(model: Fields, asked: Asked): Named {
  const fault = faultInOptions(asked.requested) ?? faultInOptions(asked.configured);
  if (fault !== undefined) return { fault };
  const sent = bodyOf(asked);
  if (!sent) return { fault: 'The request of the call is not JSON that names one model.' };
  const further = furtherModels(sent, asked);
  if (!further) return { fault: 'A list of models in the call is not a list of ids.' };
  if (namesModels(sent['extra_body'])) return { fault: 'The "extra_body" of the call names a model.' };
  const deployments = deploymentsOf(model);
  if ('fault' in deployments) return deployments;
  if (deployments.length === 0) return nameModels(sent['model'], further);
  const [deployment, ...others] = deployments;
  return nameModels(deployment, [...others, ...further]);
}

// Models of some providers do not list their own id among the parameters.
function ownName(model: Fields, modelId: string | undefined): unknown {
  return model['model'] ?? model['modelName'] ?? modelId;
}

/** What is read when a call is judged. */
export interface CallToRead {
  readonly model: object;
  /** Call options, as the model gets them. */
  readonly options: unknown;
  /** How the model takes request options: streams take them from the call options themselves. */
  readonly isStream: boolean;
  /** The id of a model that does not name itself. */
  readonly modelId: string | undefined;
}

// A class that does not say what it sends may or may not heed the option `model`: both have to be allowed.
function namedByClass(parameters: Fields, own: unknown, asked: unknown): Fields {
  const isOther = typeof asked === 'string' && asked !== own;
  return { ...parameters, model: own, ...(isOther && { models: [parameters['models'] ?? [], asked].flat() }) };
}

/** What a chat model or LLM would name in its request. */
export function readCall({ model, options, isStream, modelId }: CallToRead): Named {
  const callOptions = fieldsOf(options);
  const parameters = fieldsOf(methodOf(model, 'invocationParams')?.call(model, options as never));
  const named =
    parameters['model'] === undefined
      ? namedByClass(parameters, ownName(model as Fields, modelId), callOptions['model'])
      : parameters;
  const configured = fieldsOf((model as Fields)['clientConfig']);
  const requested = isStream ? callOptions : fieldsOf(callOptions['options']);
  return readParameters(model as Fields, { parameters: named, configured, requested });
}

/** A request that was put together. */
export interface FinishedRequest {
  /** The object that sends it. */
  readonly model: object;
  /** A copy of it that nobody else can change, or what it is where none can be made. */
  readonly request: unknown;
  readonly isSettled: boolean;
  readonly options: unknown;
}

/** What a finished request names; undefined when it is in a form of its own. */
export function readRequest({ model, request, isSettled, options }: FinishedRequest): Named | undefined {
  const parameters = fieldsOf(request);
  const requested = fieldsOf(options);
  const names = 'model' in parameters || 'body' in requested || faultInOptions(requested) !== undefined;
  if (!names) return undefined;
  const configured = fieldsOf((model as Fields)['clientConfig']);
  return readParameters(model as Fields, { parameters, configured, requested, areSettled: isSettled });
}

/** What a callback handler hears of a model that starts. */
export interface StartedRun {
  /** The model as LangChain serializes it. */
  readonly serialized: unknown;
  readonly extraParams: unknown;
  readonly modelId: string | undefined;
}

/** What a model that starts is going to name, as far as a callback handler can know. */
export function readStart({ serialized, extraParams, modelId }: StartedRun): Named {
  const { id, kwargs } = fieldsOf(serialized);
  const { invocation_params: parameters, options } = fieldsOf(extraParams);
  const { deployment_name: deployment, ...written } = fieldsOf(kwargs);
  const isAzure = Array.isArray(id) && String(id.at(-1)).startsWith('Azure');
  if (isAzure && typeof deployment !== 'string') return { fault: 'The call names no deployment.' };
  const own = fieldsOf(parameters);
  const named = own['model'] === undefined ? { ...own, model: ownName(written, modelId) } : own;
  const requestOptions = { ...fieldsOf(options), ...fieldsOf(fieldsOf(options)['options']) };
  const asked = { parameters: named, configured: fieldsOf(undefined), requested: requestOptions };
  return readParameters({ azureOpenAIApiDeploymentName: deployment }, asked);
}

/** What an embeddings object names in its requests. */
export function readEmbeddings(embeddings: object, modelId: string | undefined): Named {
  const fields = embeddings as Fields;
  const asked = { parameters: { model: ownName(fields, modelId) }, requested: fieldsOf(undefined) };
  return readParameters(fields, { ...asked, configured: fieldsOf(fields['clientConfig']) });
}
