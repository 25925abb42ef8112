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

/** Options of a request, of the client and of the call. */
interface RequestOptions {
  readonly configured: Fields;
  readonly requested: Fields;
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

/**
 * The deployment of an Azure model, which is what runs whatever its `model` says. It stands in the
 * model, or in the URL that was configured. `withConfig()` of AzureChatOpenAI gives a ChatOpenAI of which
 * only the inner models know it.
 */
function deploymentsOf(model: Fields): readonly string[] | UndeterminedModel {
  const deployments: string[] = [];
  for (const part of [model, model['completions'], model['responses']]) {
    const found = part === undefined ? NONE : deploymentsOfPart(fieldsOf(part));
    if ('fault' in found) return found;
    for (const name of found) if (!deployments.includes(name)) deployments.push(name);
  }
  return deployments;
}

// What an option of the request is in the end: the client spreads those of the call over its own.
function optionOf(name: string, { configured, requested }: RequestOptions): unknown {
  return Object.hasOwn(requested, name) ? requested[name] : configured[name];
}

function bodyOf(parameters: Fields, options: RequestOptions): unknown {
  const { configured, requested } = options;
  const isReplaced = Object.hasOwn(requested, 'body') || Object.hasOwn(configured, 'body');
  return isReplaced ? optionOf('body', options) : parameters;
}

// Where gateways look besides `model`. Undefined: something else than ids stands there.
function furtherModels(sent: Fields, options: RequestOptions): readonly string[] | undefined {
  const lists = [sent['models'], sent['fallbacks']];
  for (const name of ['query', 'defaultQuery']) lists.push(...queriedModels(optionOf(name, options)));
  const further: string[] = [];
  for (const list of lists) {
    const models = listedModels(list);
    if (!models) return undefined;
    further.push(...models);
  }
  return further;
}

function nameModels(ids: readonly unknown[], others: readonly string[]): Named {
  const [model, ...further] = ids;
  if (typeof model !== 'string' || !further.every((id) => typeof id === 'string'))
    return { fault: 'The call names no model.' };
  const all = [...further, ...others];
  return all.length === 0 ? { model } : { model, others: all };
}

/** What the parameters of a request name. Options of the request can put another body in their place or add to the query. */
function readParameters(model: Fields, parameters: Fields, requested: Fields): Named {
  const configured = fieldsOf(model['clientConfig']);
  const options = { configured, requested };
  const fault = faultInOptions(requested) ?? faultInOptions(configured);
  if (fault !== undefined) return { fault };
  const sent = settle(bodyOf(parameters, options));
  if (!sent) return { fault: 'The request of the call is not JSON that names one model.' };
  const further = furtherModels(sent, options);
  if (!further) return { fault: 'A list of models in the call is not a list of ids.' };
  if (namesModels(sent['extra_body'])) return { fault: 'The "extra_body" of the call names a model.' };
  const deployments = deploymentsOf(model);
  if ('fault' in deployments) return deployments;
  return nameModels(deployments.length > 0 ? deployments : [sent['model']], further);
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
  return readParameters(model as Fields, named, isStream ? callOptions : fieldsOf(callOptions['options']));
}

/** What a finished request names; undefined when it is in a form of its own. */
export function readRequest(model: object, request: unknown, requestOptions: unknown): Named | undefined {
  const parameters = fieldsOf(request);
  const options = fieldsOf(requestOptions);
  const names = 'model' in parameters || 'body' in options || faultInOptions(options) !== undefined;
  return names ? readParameters(model as Fields, parameters, options) : undefined;
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
  return readParameters({ azureOpenAIApiDeploymentName: deployment }, named, requestOptions);
}

/** What an embeddings object names in its requests. */
export function readEmbeddings(embeddings: object, modelId: string | undefined): Named {
  return readParameters(embeddings as Fields, { model: ownName(embeddings as Fields, modelId) }, {});
}
